-- Removes a person from the ledger of these lists of a workspace: the id, what the sender called the request, and what
-- a shop said about the redemption. Codes, counts and request keys stay. Reports that may name the person go too, and actions
-- on the person's hand-outs end.
-- Answers how many hand-outs there were. Of each list come the bounds of the person's request keys, as
-- `allocations_of_user` wants them.
create or replace function erase_user(
    p_workspace bigint, p_user text, p_lists bigint[], p_first_keys uuid[], p_last_keys uuid[]
) returns bigint
language plpgsql volatile as $$
declare
    v_list bigint;
    v_one record;
    v_erased bigint;
    v_sum bigint := 0;
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
    for v_i in 1 .. cardinality(p_lists) loop
        v_list := p_lists[v_i];
        v_erased := 0;
        for v_one in
            select a.file_id, a.ordinal, a.turn
            from allocations_of_user(v_list, p_user, p_first_keys[v_i], p_last_keys[v_i]) a
        loop
            update ledger l set user_id = null, request_id = null
                where l.list_id = v_list and l.file_id = v_one.file_id and l.ordinal = v_one.ordinal and l.turn = v_one.turn
                  and l.user_id = p_user;
            continue when not found;
            v_erased := v_erased + 1;
            update event e set detail = e.detail - 'metadata'
                where e.list_id = v_list and e.file_id = v_one.file_id and e.ordinal = v_one.ordinal
                  and e.turn = v_one.turn and e.detail is not null;
        end loop;
        -- Without the person an action would be on everybody's hand-outs.
        perform fail_bulk_action(v_list, b.bulk_action_id, 'the person was erased') from bulk_action b
            where b.list_id = v_list and b.user_id = p_user and b.status = 'PENDING';
        update bulk_action b set user_id = null, of_erased = true where b.list_id = v_list and b.user_id = p_user;
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
