-- Gives a job back at once, without counting anything: its worker is going away. Nothing happens if the job is someone
-- else's by now.
create or replace function hand_over_job(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    perform lock_gate_of_job(p_job);
    perform 1 from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for update;
    if found then
        perform make_ready(p_job, interval '0');
    end if;
end $$;
