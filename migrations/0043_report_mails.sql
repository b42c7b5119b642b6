-- What became of the mail to each who asked for a report; and a shortage that is not told of again and again.

create table report_mail (
    list_id    bigint not null,
    report_id  bigint not null,
    recipient  text not null,
    status     text not null default 'WAITING' check (status in ('WAITING', 'SENT', 'FAILED')),
    -- How the report went. Null until it has, and where there was none: the mail said why.
    sent_as    text check (sent_as in ('ATTACHMENT', 'LINK')),
    -- Why it has not gone, so far or for good.
    reason     text,
    settled_at timestamptz,
    primary key (list_id, report_id, recipient),
    check ((status = 'WAITING') = (settled_at is null)),
    check (sent_as is null or status = 'SENT'),
    check (reason is null or status <> 'SENT'),
    check (reason is not null or status <> 'FAILED')
);

-- As before, with what becomes of each mail.
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

-- Notes what became of a mail, if it is one about a report; the caller has locked its job.
create function note_report_mail(p_job job, p_status text, p_sent_as text, p_reason text) returns void
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
    update report_mail m set status = p_status, sent_as = p_sent_as, reason = p_reason, settled_at = v_settled_at
        where m.list_id = p_job.list_id and m.report_id = v_report and m.recipient = p_job.payload ->> 'to';
end $$;

-- Ends the job of a mail that the relay has taken. False if the job is someone else's by now, who sends it again.
create function end_mail(p_job bigint, p_attempt integer, p_owner uuid, p_sent_as text) returns boolean
language plpgsql volatile as $$
declare
    v_job job;
begin
    select * into v_job from job j
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner for update;
    if not found then
        return false;
    end if;
    perform note_report_mail(v_job, 'SENT', p_sent_as, null);
    return end_job(p_job, p_attempt, p_owner, clock_timestamp());
end $$;

-- As before, with a word about the mail.
create or replace function bury_job(p_job bigint, p_failure text) returns void
language plpgsql volatile as $$
declare
    v_job job;
begin
    select * into v_job from job j where j.job_id = p_job;
    update job j set state = 'dead', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null
        where j.job_id = p_job;
    if v_job.kind = 'load_file' then
        update coupon_file f set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = clock_timestamp()
            where f.list_id = v_job.list_id and f.file_id = v_job.file_id and f.status = 'PENDING';
    elsif v_job.kind = 'build_report' then
        perform settle_report(v_job.list_id, (v_job.payload ->> 'report_id')::bigint, p_failure, null, null, null);
    elsif v_job.kind = 'send_mail' then
        perform note_report_mail(v_job, 'FAILED', null, coalesce(v_job.last_error, p_failure));
    end if;
end $$;

create or replace function retry_job(
    p_job bigint, p_attempt integer, p_owner uuid, p_error text, p_delay interval, p_most integer, p_failure text
) returns void
language plpgsql volatile as $$
declare
    v_job job;
begin
    perform lock_gate_of_job(p_job);
    update job j set failures = j.failures + 1, last_error = p_error
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner
        returning j.* into v_job;
    if v_job.failures >= p_most then
        perform bury_job(p_job, p_failure);
    elsif v_job.failures is not null then
        perform make_ready(p_job, p_delay);
        perform note_report_mail(v_job, 'WAITING', null, p_error);
    end if;
end $$;

-- As before, with what became of the mails.
create or replace function delete_report(p_workspace bigint, p_public_id bytea) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
    v_report bigint;
    v_jobs bigint[];
begin
    select r.list_id, r.report_id into v_list, v_report
        from usage_report r join coupon_list c using (list_id)
        where r.public_id = p_public_id and c.workspace_id = p_workspace;
    if not found then
        return false;
    end if;
    v_jobs := array(
        select j.job_id from job j
        where j.list_id = v_list and j.kind in ('build_report', 'send_mail')
          and (j.payload ->> 'report_id')::bigint = v_report
          and (j.kind = 'build_report' or j.payload ->> 'mail' = 'report')
        order by j.job_id for update);
    delete from usage_report r where r.list_id = v_list and r.report_id = v_report;
    if not found then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = v_list and p.report_id = v_report;
    delete from report_mail m where m.list_id = v_list and m.report_id = v_report;
    delete from job j where j.job_id = any (v_jobs);
    -- A report that was ready in between has told of itself.
    delete from job j
        where j.list_id = v_list and j.kind = 'send_mail' and j.state = 'ready' and j.payload ->> 'mail' = 'report'
          and (j.payload ->> 'report_id')::bigint = v_report;
    return true;
end $$;

-- When the last mail about a shortage was enqueued.
alter table list_watch add column shortage_told_at timestamptz;

-- Tells of a shortage once, until there was enough again; and, unless codes were loaded or the list was changed in
-- between, not twice within an hour: a code that is held and given back at the threshold is no news. The row's lock orders those who look at the same
-- time; what they look at is read after it. Nothing here touches the gate: handing out never waits for a look.
create or replace function watch_stock(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_watch list_watch;
    v_list coupon_list;
    v_threshold bigint;
    v_available bigint;
    v_now timestamptz;
begin
    insert into list_watch (list_id) values (p_list) on conflict do nothing;
    select * into v_watch from list_watch w where w.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if v_list.status <> 'ACTIVE' or v_list.expires_at <= v_now
       or not (v_list.alerts #>> '{coupon_shortage_alert,alert}')::boolean then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
        return;
    end if;
    if v_watch.shortage_fired_at < v_list.active_since then
        v_watch.shortage_fired_at := null;
    end if;
    v_threshold := (v_list.alerts #>> '{coupon_shortage_alert,threshold_count}')::bigint;
    select s.available into v_available from stock(p_list, true, v_now) s;
    if v_available >= v_threshold then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
    elsif v_watch.shortage_fired_at is null
          and exists (select from coupon_file f where f.list_id = p_list and f.published_at >= v_list.active_since)
          -- A clock that was set back must not keep anybody from being told.
          and (v_watch.shortage_told_at is null
               or v_watch.shortage_told_at not between v_now - interval '1 hour' and v_now
               or v_list.updated_at > v_watch.shortage_told_at
               or exists (select from coupon_file f
                          where f.list_id = p_list and f.published_at > v_watch.shortage_told_at)) then
        update list_watch w set shortage_fired_at = v_now, shortage_told_at = v_now where w.list_id = p_list;
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'shortage', 'available', v_available,
                                                         'threshold', v_threshold));
    end if;
end $$;
