-- Ends a job, if it still is the worker's who says so.
create or replace function end_job(p_job bigint, p_attempt integer, p_owner uuid, p_now timestamptz) returns boolean
language plpgsql volatile as $$
begin
    update job j set state = 'done', ended_at = p_now, payload = '{}', lease_owner = null, lease_until = null
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    return found;
end $$;
