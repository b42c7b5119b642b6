-- Notes what became of a mail, if it is one about a report; the caller has locked its job. Without a reason the one noted
-- before stays.
create or replace function note_report_mail(p_job job, p_status text, p_sent_as text, p_reason text) returns void
language plpgsql volatile as $$
declare
    v_report bigint := (p_job.payload ->> 'report_id')::bigint;
    v_settled_at timestamptz := case when p_status <> 'WAITING' then clock_timestamp() end;
begin
    if p_job.kind <> 'send_mail' or p_job.payload ->> 'mail' is distinct from 'report' then
        return;
    end if;
    if p_status = 'SENT' then
        update usage_report r set mailed_at = coalesce(r.mailed_at, v_settled_at)
            where r.list_id = p_job.list_id and r.report_id = v_report;
    end if;
    update report_mail m set status = p_status, sent_as = p_sent_as, settled_at = v_settled_at,
            reason = case when p_status <> 'SENT' then coalesce(p_reason, m.reason, 'the server failed repeatedly') end
        where m.list_id = p_job.list_id and m.report_id = v_report and m.recipient = p_job.payload ->> 'to';
end $$;
