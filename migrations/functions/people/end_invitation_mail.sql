-- Ends the job of an invitation's mail that the relay has taken, or that is not to go out any more. False if the job is someone
-- else's by now, who sends it again.
create or replace function end_invitation_mail(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    update one_time_link l set mail = 'sent' where l.mail_job_id = p_job and l.mail = 'waiting';
    return true;
end $$;
