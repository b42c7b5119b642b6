-- What changes lists and files: each change one function, one statement for the client, under the gate.

-- A list and its gate.
create function create_list(
    p_workspace bigint, p_public_id bytea, p_name text, p_label text, p_expires_at timestamptz, p_created_by text,
    p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea
) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    if p_expires_at <= clock_timestamp() then
        return false;
    end if;
    insert into coupon_list (workspace_id, public_id, name, label, expires_at, created_by, subscribers, alerts,
                             fingerprint_key)
        values (p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers, p_alerts,
                p_fingerprint_key)
        returning list_id into v_list;
    insert into gate (list_id) values (v_list);
    return true;
end $$;

-- Takes away what files of a list have not handed out: from here on ordinals beyond `sealed_at` do not exist. The
-- caller holds the gate. A job frees the disk later.
create function seal_files(p_list bigint, p_file bigint default null) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    perform take_back_run_out_holds(p_list, clock_timestamp());
    update coupon_file f
    set sealed_at = c.cursor,
        withdrawn = (select count(*) from returned r where r.list_id = p_list and r.file_id = f.file_id)
                  + (select count(*) from disabled d where d.list_id = p_list and d.file_id = f.file_id
                     and d.ordinal <= c.cursor)
    from (
        select s.file_id,
               case when s.used_up then s.added - 1
                    else coalesce((select l.ordinal from ledger l where l.list_id = p_list and l.file_id = s.file_id
                                   order by l.ordinal desc limit 1), -1)
               end as cursor
        from coupon_file s
        where s.list_id = p_list and s.status = 'SUCCESS' and s.sealed_at is null
          and (p_file is null or s.file_id = p_file)
    ) c
    where f.list_id = p_list and f.file_id = c.file_id;
    delete from returned r where r.list_id = p_list and (p_file is null or r.file_id = p_file);
    delete from disabled d where d.list_id = p_list and (p_file is null or d.file_id = p_file);
    insert into job (kind, list_id) values ('purge_list', p_list)
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
end $$;

-- Ends every load of a list that has not ended; the caller holds the gate.
create function fail_pending_files(p_list bigint, p_failure text) returns void
language plpgsql volatile as $$
begin
    update job j set state = 'done', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null, last_error = p_failure
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running');
    update coupon_file f set status = 'FAILED', failure = p_failure, stage = 'done', updated_at = clock_timestamp()
        where f.list_id = p_list and f.status = 'PENDING';
end $$;

-- Carries out an expiry that has come; answers whether there was one.
create function expire_list(p_list bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_list c set status = 'EXPIRED'
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at <= clock_timestamp();
    if not found then
        return false;
    end if;
    perform seal_files(p_list);
    perform fail_pending_files(p_list, 'list expired');
    return true;
end $$;

create function archive_list(p_list bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_list c set status = 'ARCHIVED', updated_at = clock_timestamp()
        where c.list_id = p_list and c.status <> 'ARCHIVED';
    if found then
        perform seal_files(p_list);
        perform fail_pending_files(p_list, 'list archived');
    end if;
end $$;

-- Makes a list active until `p_expires_at`, from any state; codes of before do not come back. Answers false, and
-- changes nothing, if that instant has passed.
create function activate_list(p_list bigint, p_expires_at timestamptz) returns boolean
language plpgsql volatile as $$
begin
    perform expire_list(p_list);
    if p_expires_at <= clock_timestamp() then
        return false;
    end if;
    update coupon_list c set status = 'ACTIVE', expires_at = p_expires_at, updated_at = clock_timestamp()
        where c.list_id = p_list;
    return true;
end $$;

-- Applies a patch; null leaves a field as it is. A change brings an archived or expired list back, if its expiry (after
-- the change) is still to come; else nothing is changed. Answers
--   updated; expired (the list would not be active); days_before-missing, threshold_count-missing (an alert that is on
--   needs its number)
create function update_list(
    p_list bigint, p_name text, p_expires_at timestamptz, p_subscribers text[], p_alerts jsonb
) returns text
language plpgsql volatile as $$
declare
    v_list coupon_list;
    v_alerts jsonb;
begin
    perform expire_list(p_list);
    if p_name is null and p_expires_at is null and p_subscribers is null and p_alerts is null then
        return 'updated';
    end if;
    select * into v_list from coupon_list c where c.list_id = p_list;
    if coalesce(p_expires_at, v_list.expires_at) <= clock_timestamp() then
        return 'expired';
    end if;
    v_alerts := v_list.alerts;
    if p_alerts is not null then
        -- Key by key, also one level down.
        v_alerts := v_alerts || p_alerts || jsonb_build_object(
            'expiry_alert', (v_alerts -> 'expiry_alert') || coalesce(p_alerts -> 'expiry_alert', '{}'),
            'coupon_shortage_alert',
            (v_alerts -> 'coupon_shortage_alert') || coalesce(p_alerts -> 'coupon_shortage_alert', '{}'));
        if (v_alerts #>> '{expiry_alert,alert}')::boolean and v_alerts #>> '{expiry_alert,days_before}' is null then
            return 'days_before-missing';
        end if;
        if (v_alerts #>> '{coupon_shortage_alert,alert}')::boolean
           and v_alerts #>> '{coupon_shortage_alert,threshold_count}' is null then
            return 'threshold_count-missing';
        end if;
    end if;
    update coupon_list c
    set name = coalesce(p_name, c.name), expires_at = coalesce(p_expires_at, c.expires_at),
        subscribers = coalesce(p_subscribers, c.subscribers), alerts = v_alerts, status = 'ACTIVE',
        updated_at = clock_timestamp()
    where c.list_id = p_list;
    return 'updated';
end $$;

-- A file to be loaded, and the job that loads it. Answers the file, or null if the list takes none.
create function add_file(
    p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text, p_callback_url text,
    p_payload jsonb
) returns bigint
language plpgsql volatile as $$
declare
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    perform 1 from coupon_list c
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > clock_timestamp();
    if not found then
        return null;
    end if;
    insert into coupon_file (list_id, public_id, name, file_url, created_by, callback_url)
        values (p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url)
        returning file_id into v_file;
    insert into job (kind, list_id, file_id, payload) values ('load_file', p_list, v_file, p_payload);
    return v_file;
end $$;

-- Takes away a file's free codes, or stops its load. Answers false if there is no such file (any more).
create function delete_file(p_list bigint, p_file bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_file f set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
        where f.list_id = p_list and f.file_id = p_file and f.deleted_at is null;
    if not found then
        return false;
    end if;
    update job j set state = 'done', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null, last_error = 'file deleted'
        where j.list_id = p_list and j.file_id = p_file and j.state in ('ready', 'running');
    perform seal_files(p_list, p_file);
    return true;
end $$;

-- Ends a load: all of the file's codes may be handed out from here on. `p_attempt` and `p_owner` are the worker's
-- fencing token. Answers `published`; `stale` when the job is someone else's by now (or the list was archived, the file
-- deleted) and nothing happened; or why the file has failed, in the words of LoadFailure.
create function publish_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_added bigint, p_codes_per_block integer, p_duplicates bigint,
    p_rejected bigint, p_rejections jsonb, p_most_codes bigint
) returns text
language plpgsql volatile as $$
declare
    v_list bigint;
    v_file bigint;
    v_status text;
    v_expires_at timestamptz;
    v_now timestamptz;
    v_failure text;
begin
    select j.list_id, j.file_id into v_list, v_file from job j where j.job_id = p_job;
    perform 1 from gate g where g.list_id = v_list for no key update;
    v_now := clock_timestamp();
    select c.status, c.expires_at into v_status, v_expires_at from coupon_list c where c.list_id = v_list;
    v_failure := case
        when v_status = 'ARCHIVED' then 'list archived'
        when v_status = 'EXPIRED' or v_expires_at <= v_now then 'list expired'
        when p_added > 0 and (select s.total from stock(v_list, true, v_now) s) + p_added > p_most_codes
            then format('list would hold more than %s codes', p_most_codes)
    end;
    if v_failure is not null then
        if fail_file(p_job, p_attempt, p_owner, v_failure, p_duplicates, p_rejected, p_rejections) then
            return v_failure;
        end if;
        return 'stale';
    end if;
    if not end_job(p_job, p_attempt, p_owner, v_now) then
        return 'stale';
    end if;
    update coupon_file f
    set status = 'SUCCESS', stage = 'done', published_at = v_now, updated_at = v_now, added = p_added,
        codes_per_block = p_codes_per_block, used_up = p_added = 0, duplicates = p_duplicates, rejected = p_rejected,
        rejections = p_rejections
    where f.list_id = v_list and f.file_id = v_file;
    return 'published';
end $$;

-- Ends a load that came to nothing. Answers false if the job is someone else's by now.
create function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_duplicates bigint, p_rejected bigint,
    p_rejections jsonb
) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    update coupon_file f
    set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = clock_timestamp(),
        duplicates = p_duplicates, rejected = p_rejected, rejections = p_rejections
    from job j
    where j.job_id = p_job and f.list_id = j.list_id and f.file_id = j.file_id and f.status = 'PENDING';
    return true;
end $$;

-- Ends a job, if it still is the worker's who says so.
create function end_job(p_job bigint, p_attempt integer, p_owner uuid, p_now timestamptz) returns boolean
language plpgsql volatile as $$
begin
    update job j set state = 'done', ended_at = p_now, payload = '{}', lease_owner = null, lease_until = null
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner;
    return found;
end $$;

-- Gives a job back after an error of ours: again after `p_delay`, or never more after `p_most` errors; then a load's
-- file has failed. Nothing happens if the job is someone else's by now.
create function retry_job(
    p_job bigint, p_attempt integer, p_owner uuid, p_error text, p_delay interval, p_most integer, p_failure text
) returns void
language plpgsql volatile as $$
declare
    v_failures integer;
begin
    update job j set failures = j.failures + 1, last_error = p_error
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner
        returning j.failures into v_failures;
    if v_failures >= p_most then
        perform bury_job(p_job, p_failure);
    elsif v_failures is not null then
        perform make_ready(p_job, p_delay);
    end if;
end $$;

-- Takes back the jobs whose workers have fallen silent; a job that keeps killing its workers is given up.
create function rescue_jobs(p_most_attempts integer, p_failure text) returns integer
language plpgsql volatile as $$
declare
    v_job record;
    v_rescued integer := 0;
begin
    for v_job in
        select j.job_id, j.attempt from job j
        where j.state = 'running' and j.lease_until < clock_timestamp()
        order by j.job_id for update skip locked
    loop
        if v_job.attempt >= p_most_attempts then
            perform bury_job(v_job.job_id, p_failure);
        else
            perform make_ready(v_job.job_id, interval '0');
        end if;
        v_rescued := v_rescued + 1;
    end loop;
    return v_rescued;
end $$;

create function make_ready(p_job bigint, p_delay interval) returns void
language plpgsql volatile as $$
begin
    -- A purge that waits already does this one's work too.
    update job j set state = 'done', ended_at = clock_timestamp(), lease_owner = null, lease_until = null
        where j.job_id = p_job and j.kind = 'purge_list'
          and exists (select from job w where w.list_id = j.list_id and w.kind = 'purge_list' and w.state = 'ready');
    update job j set state = 'ready', run_at = clock_timestamp() + p_delay, lease_owner = null, lease_until = null
        where j.job_id = p_job and j.state = 'running';
    notify couponry_job;
end $$;

create function bury_job(p_job bigint, p_failure text) returns void
language plpgsql volatile as $$
begin
    update job j set state = 'dead', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null
        where j.job_id = p_job;
    update coupon_file f set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = clock_timestamp()
        from job j
        where j.job_id = p_job and f.list_id = j.list_id and f.file_id = j.file_id and f.status = 'PENDING';
end $$;
