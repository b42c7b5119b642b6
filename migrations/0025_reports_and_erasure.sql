-- A report never names a person who was erased, and only the worker whose job it is writes it.

-- As in 0015, of some lists of the workspace, in the order of their ids. The workspace is locked first, as by `begin_report`: a report that has begun before is seen here and is
-- taken from its worker, one that begins later reads the ledger as it is then. Of a report's rows the job comes first,
-- as where a report ends.
drop function erase_user(bigint, text);
create function erase_user(p_workspace bigint, p_user text, p_lists bigint[]) returns bigint
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
        end if;
    end loop;
    return v_sum;
end $$;

-- Begins a report: removes the pieces that an interrupted try left. Waits for an erasure in the workspace. Answers false,
-- and changes nothing, if the job is someone else's by now.
create function begin_report(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from workspace w
        where w.workspace_id = (select c.workspace_id from coupon_list c where c.list_id = p_list) for share;
    if not is_job_of(p_job, p_attempt, p_owner) then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = p_list and p.report_id = p_report;
    return true;
end $$;

-- Keeps the piece with this number of a report. Answers false, and keeps nothing, if the job is someone else's by now, or
-- the report is gone. The job is locked first, as by everything that changes both.
create function keep_report_piece(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    if not is_job_of(p_job, p_attempt, p_owner) then
        return false;
    end if;
    perform 1 from usage_report r
        where r.list_id = p_list and r.report_id = p_report and r.status = 'PENDING' for key share;
    if not found then
        return false;
    end if;
    insert into usage_report_piece (list_id, report_id, number, bytes) values (p_list, p_report, p_number, p_bytes);
    return true;
end $$;

-- Whether the job is the worker's who asks, and it stays so until the transaction has ended.
create function is_job_of(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from job j
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner for share;
    return found;
end $$;

-- Ends a report, as in 0011. One that can be read has pieces of as many bytes as were written.
create or replace function end_report(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_failure text, p_rows bigint,
    p_bytes bigint, p_gzip_bytes bigint
) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    if p_failure is null and p_gzip_bytes <> (
        select coalesce(sum(octet_length(p.bytes)), 0) from usage_report_piece p
        where p.list_id = p_list and p.report_id = p_report
    ) then
        raise exception 'the pieces of report % are not the % bytes that were written', p_report, p_gzip_bytes;
    end if;
    perform settle_report(p_list, p_report, p_failure, p_rows, p_bytes, p_gzip_bytes);
    return true;
end $$;
