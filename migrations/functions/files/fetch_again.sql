-- Sends a load back to have its file fetched again: its pieces are gone.
create or replace function fetch_again(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    update job j
        set lane = 'fetch_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload - 'fetched'
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    notify couponry_job;
end $$;
