-- Each recipient of a mail is a job of its own: whoever was served leaves the queue, whatever becomes of the others.

-- A mail to each of those who subscribed to the list. Who gets it is settled now.
create or replace function enqueue_alert(p_list bigint, p_mail jsonb) returns void
language plpgsql volatile as $$
begin
    insert into job (kind, list_id, payload)
        select 'send_mail', c.list_id, p_mail || jsonb_build_object('to', subscriber)
        from coupon_list c, unnest(c.subscribers) subscriber where c.list_id = p_list;
end $$;

-- As before, with a mail to each of those who asked for the report.
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
end $$;

-- Mails that were enqueued for several recipients become one for each.
with several as (
    delete from job j
    where j.kind = 'send_mail' and j.state in ('ready', 'running') and jsonb_typeof(j.payload -> 'to') = 'array'
    returning j.list_id, j.payload
)
insert into job (kind, list_id, payload)
    select 'send_mail', s.list_id, s.payload || jsonb_build_object('to', recipient)
    from several s, jsonb_array_elements_text(s.payload -> 'to') recipient;
