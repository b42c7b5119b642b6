-- Whether a job is held by the worker who asks, in the attempt it says: the fence of everything that a worker does. The
-- planner writes it out in place (one expression, immutable), so that it costs no call.
create or replace function job_is_mine(p_job job, p_attempt integer, p_owner uuid) returns boolean
language sql immutable as $$
    select p_job.state = 'running' and p_job.attempt = p_attempt and p_job.lease_owner = p_owner
$$;
