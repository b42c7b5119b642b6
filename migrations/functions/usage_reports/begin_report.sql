-- Begins a report: removes the pieces that an interrupted try left. Waits for an erasure in the workspace. Answers false,
-- and changes nothing, if the job is someone else's by now.
create or replace function begin_report(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from workspace w
        where w.workspace_id = (select c.workspace_id from coupon_list c where c.list_id = p_list) for share;
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = p_list and p.report_id = p_report;
    return true;
end $$;
