-- Ends the job of a mail that the relay has taken. False if the job is someone else's by now, who sends it again.
create or replace function end_mail(p_job bigint, p_attempt integer, p_owner uuid, p_sent_as text) returns boolean
language plpgsql volatile as $$
declare
    v_job job;
begin
    select * into v_job from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for update;
    if not found then
        return false;
    end if;
    perform note_report_mail(v_job, 'SENT', p_sent_as, null);
    return end_job(p_job, p_attempt, p_owner, clock_timestamp());
end $$;
