-- Gives a job back after an error of ours: again after `p_delay`, or never more after `p_most` errors. Nothing happens
-- if the job is someone else's by now. `p_told` is the error as whoever asked for the work may read it; null: not at all.
create or replace function retry_job(
    p_job bigint, p_attempt integer, p_owner uuid, p_error text, p_delay interval, p_most integer, p_failure text, p_told text
) returns void
language plpgsql volatile as $$
declare
    v_job job;
begin
    perform lock_gate_of_job(p_job);
    update job j set failures = j.failures + 1, last_error = p_error
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner)
        returning j.* into v_job;
    if v_job.job_id is null then
        return;
    end if;
    perform note_report_mail(v_job, 'WAITING', null, coalesce(p_told, 'the server failed; it is tried again'));
    if v_job.failures >= p_most then
        perform bury_job(p_job, p_failure);
    else
        perform make_ready(p_job, p_delay);
    end if;
end $$;
