-- Usage reports: asked for, built by a job, kept for a week as pieces of a gzip stream, mailed.

create table usage_report (
    list_id     bigint not null,
    report_id   bigint generated always as identity,
    public_id   bytea not null constraint usage_report_public_id_unique unique check (octet_length(public_id) = 12),
    -- As asked for; the instants are those days' in the workspace's zone.
    start_date  date not null,
    end_date    date not null,
    from_at     timestamptz not null,
    until_at    timestamptz not null,
    subscribers text[] not null check (cardinality(subscribers) > 0),
    status      text not null default 'PENDING' check (status in ('PENDING', 'READY', 'FAILED')),
    failure     text,
    rows        bigint,
    -- The CSV's, and of that the gzip stream's.
    bytes       bigint,
    gzip_bytes  bigint,
    created_at  timestamptz not null default clock_timestamp(),
    ended_at    timestamptz,
    mailed_at   timestamptz,
    primary key (list_id, report_id),
    check (from_at < until_at),
    check ((status = 'PENDING') = (ended_at is null)),
    check ((status = 'FAILED') = (failure is not null)),
    check ((status = 'READY') = (rows is not null and bytes is not null and gzip_bytes is not null))
);

create index usage_report_newest_first on usage_report (list_id, created_at desc, report_id);
create index usage_report_by_age on usage_report (created_at);

create table usage_report_piece (
    list_id   bigint not null,
    report_id bigint not null,
    number    integer not null,
    bytes     bytea not null,
    primary key (list_id, report_id, number)
);
-- It is compressed already.
alter table usage_report_piece alter column bytes set storage external;

-- `p_first_day_ends` and `p_last_day_begins` place the two days on the clock. Answers
--   requested; too-early (the first day ended before the list was made); in-future (the last day has not begun)
create function request_report(
    p_list bigint, p_public_id bytea, p_start_date date, p_end_date date, p_from timestamptz,
    p_first_day_ends timestamptz, p_last_day_begins timestamptz, p_until timestamptz, p_subscribers text[]
) returns text
language plpgsql volatile as $$
declare
    v_report bigint;
begin
    perform 1 from coupon_list c where c.list_id = p_list and c.created_at >= p_first_day_ends;
    if found then
        return 'too-early';
    end if;
    if p_last_day_begins > clock_timestamp() then
        return 'in-future';
    end if;
    insert into usage_report (list_id, public_id, start_date, end_date, from_at, until_at, subscribers)
        values (p_list, p_public_id, p_start_date, p_end_date, p_from, p_until, p_subscribers)
        returning report_id into v_report;
    insert into job (kind, list_id, payload)
        values ('build_report', p_list, jsonb_build_object('report_id', v_report));
    return 'requested';
end $$;

-- Ends a report, and tells those who asked for it. `p_failure` is null for one that can be read. Answers false if the
-- job is someone else's by now.
create function end_report(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_failure text, p_rows bigint,
    p_bytes bigint, p_gzip_bytes bigint
) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    perform settle_report(p_list, p_report, p_failure, p_rows, p_bytes, p_gzip_bytes);
    return true;
end $$;

create function settle_report(
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
               jsonb_build_object('mail', 'report', 'report_id', r.report_id, 'to', to_jsonb(r.subscribers))
        from usage_report r where r.list_id = p_list and r.report_id = p_report;
end $$;

-- As before; a report that was given up has failed too.
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
        perform settle_report(v_job.list_id, (v_job.payload ->> 'report_id')::bigint,
                              'the server failed repeatedly while building it', null, null, null);
    end if;
end $$;
