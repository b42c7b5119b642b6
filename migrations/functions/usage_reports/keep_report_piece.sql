-- Keeps the piece with this number of a report. Answers false, and keeps nothing, if the job is someone else's by now, or
-- the report is gone. The job is locked first, as by everything that changes both.
create or replace function keep_report_piece(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    if not lock_my_job(p_job, p_attempt, p_owner) then
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
