-- Removes a person from the ledger of these lists of a workspace: the id, what the sender called the request, and what
-- a shop said about the redemption. Codes, counts and request keys stay. Reports that may name the person go too.
-- Answers how many hand-outs there were.
create or replace function erase_user(p_workspace bigint, p_user text, p_lists bigint[]) returns bigint
language plpgsql volatile as $$
declare
    v_list bigint;
    v_erased bigint;
    v_sum bigint := 0;
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
    foreach v_list in array p_lists loop
        execute
            'with erased as (
                 update ledger l set user_id = null, request_id = null
                 where l.list_id = $1 and l.user_id = $2
                   and hashtextextended(l.user_id, 0) = hashtextextended($2, 0)
                 returning l.file_id, l.ordinal, l.turn
             ), silenced as (
                 update event e set detail = e.detail - ''metadata'' from erased x
                 where e.list_id = $1 and e.file_id = x.file_id and e.ordinal = x.ordinal and e.turn = x.turn
                   and e.detail is not null
             )
             select count(*) from erased'
            into v_erased using v_list, p_user;
        if v_erased > 0 then
            v_sum := v_sum + v_erased;
            -- A report that is being built has read the ledger as it was: its worker loses it, and another begins. One
            -- that is ending has the lock, and is seen as ended by the statements that follow.
            update job j set state = 'ready', lease_owner = null, lease_until = null
                where j.list_id = v_list and j.kind = 'build_report' and j.state = 'running';
            delete from usage_report r where r.list_id = v_list and r.status <> 'PENDING';
            delete from usage_report_piece p where p.list_id = v_list;
            delete from report_mail m where m.list_id = v_list and not exists (
                select from usage_report r where r.list_id = m.list_id and r.report_id = m.report_id);
        end if;
    end loop;
    return v_sum;
end $$;
