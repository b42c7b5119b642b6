-- Ends a report whose job the caller has, and enqueues a mail to each of those who asked for it.
create or replace function settle_report(
    p_list bigint, p_report bigint, p_failure text, p_rows bigint, p_bytes bigint, p_gzip_bytes bigint
) returns void
language plpgsql volatile as $$
begin
    update usage_report r
        set status = case when p_failure is null then 'READY' else 'FAILED' end, failure = p_failure, rows = p_rows,
            bytes = p_bytes, gzip_bytes = p_gzip_bytes, ended_at = clock_timestamp()
        where r.list_id = p_list and r.report_id = p_report and r.status = 'PENDING';
    insert into job (kind, list_id, payload)
        select 'send_mail', r.list_id,
               jsonb_build_object('mail', 'report', 'report_id', r.report_id, 'to', subscriber)
        from usage_report r, unnest(r.subscribers) subscriber
        where r.list_id = p_list and r.report_id = p_report;
    insert into report_mail (list_id, report_id, recipient)
        select r.list_id, r.report_id, subscriber
        from usage_report r, unnest(r.subscribers) subscriber
        where r.list_id = p_list and r.report_id = p_report
        on conflict do nothing;
end $$;
