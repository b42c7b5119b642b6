-- Keeps a job from being taken away until the transaction has ended. False if it is not the worker's who asks.
create or replace function lock_my_job(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for share;
    return found;
end $$;
