-- Gives a job up; the caller has locked its gate, if it has one, and then the job. What it was for has failed, for the
-- reason given: a load's file, a report, a bulk action, a report's mail, an invitation's.
create or replace function bury_job(p_job bigint, p_failure text) returns void
language plpgsql volatile as $$
declare
    v_job job;
    v_now timestamptz := clock_timestamp();
begin
    select * into v_job from job j where j.job_id = p_job;
    update job j set state = 'dead', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null
        where j.job_id = p_job;
    if v_job.kind = 'load_file' then
        update coupon_file f set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = v_now
            where f.list_id = v_job.list_id and f.file_id = v_job.file_id and f.status = 'PENDING';
        if found then
            perform tell_end_of_file(v_job.list_id, v_job.file_id);
        end if;
    elsif v_job.kind = 'build_report' then
        perform settle_report(v_job.list_id, (v_job.payload ->> 'report_id')::bigint, p_failure, null, null, null);
    elsif v_job.kind = 'bulk_action' then
        perform fail_bulk_action(v_job.list_id, (v_job.payload ->> 'bulk_action_id')::bigint, p_failure);
    elsif v_job.kind = 'send_mail' then
        perform note_report_mail(v_job, 'FAILED', null, null);
    elsif v_job.kind = 'send_invitation' then
        update one_time_link l set mail = 'failed' where l.mail_job_id = p_job and l.mail = 'waiting';
    end if;
end $$;
