-- Makes a running job ready again; the caller has locked its gate, if it has one, and then the job.
create or replace function make_ready(p_job bigint, p_delay interval) returns void
language plpgsql volatile as $$
begin
    -- A purge that waits already does this one's work too.
    update job j set state = 'done', ended_at = clock_timestamp(), lease_owner = null, lease_until = null
        where j.job_id = p_job and j.kind = 'purge_list' and j.state = 'running'
          and exists (select from job w where w.list_id = j.list_id and w.kind = 'purge_list' and w.state = 'ready');
    update job j set state = 'ready', run_at = clock_timestamp() + p_delay, lease_owner = null, lease_until = null
        where j.job_id = p_job and j.state = 'running';
    notify couponry_job;
end $$;
