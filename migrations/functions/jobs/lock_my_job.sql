-- Whether the job is the worker's who asks, and it stays so until the transaction has ended.
create or replace function is_job_of(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from job j
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner for share;
    return found;
end $$;
