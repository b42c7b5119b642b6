-- One order of locks for everything that changes a list, its files and its jobs: gate, job, file (migrations/README.md).
-- And jobs count the workers that died with them.

alter table job add column deaths integer not null default 0;

drop function rescue_jobs(integer, text);
drop function bury_job(bigint, text);
drop function make_ready(bigint, interval);
drop function retry_job(bigint, integer, uuid, text, interval, integer, text);

-- Takes the gate of a job that has to do with a list's files; other jobs meet nobody at a gate.
create function lock_gate_of_job(p_job bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from gate g
        where g.list_id = (select j.list_id from job j
                           where j.job_id = p_job and j.kind in ('load_file', 'purge_list'))
        for no key update;
end $$;

-- Makes a running job ready again; the caller has locked its gate, if it has one, and then the job.
create function make_ready(p_job bigint, p_delay interval) returns void
language plpgsql volatile as $$
begin
    -- A purge that waits already does this one's work too.
    update job j set state = 'done', ended_at = clock_timestamp(), lease_owner = null, lease_until = null
        where j.job_id = p_job and j.kind = 'purge_list' and j.state = 'running'
          and exists (select from job w where w.list_id = j.list_id and w.kind = 'purge_list' and w.state = 'ready');
    update job j set state = 'ready', run_at = clock_timestamp() + p_delay, lease_owner = null, lease_until = null
        where j.job_id = p_job and j.state = 'running';
    notify couponry_job;
end $$;

-- Gives a job up; the caller has locked its gate, if it has one, and then the job. What it was for has failed, for the
-- reason given.
create function bury_job(p_job bigint, p_failure text) returns void
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
    end if;
end $$;

-- Gives a job back after an error of ours: again after `p_delay`, or never more after `p_most` errors. Nothing happens
-- if the job is someone else's by now.
create function retry_job(
    p_job bigint, p_attempt integer, p_owner uuid, p_error text, p_delay interval, p_most integer, p_failure text
) returns void
language plpgsql volatile as $$
declare
    v_failures integer;
begin
    perform lock_gate_of_job(p_job);
    update job j set failures = j.failures + 1, last_error = p_error
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner
        returning j.failures into v_failures;
    if v_failures >= p_most then
        perform bury_job(p_job, p_failure);
    elsif v_failures is not null then
        perform make_ready(p_job, p_delay);
    end if;
end $$;

-- Gives a job back at once, without counting anything: its worker is going away. Nothing happens if the job is someone
-- else's by now.
create function hand_over_job(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    perform lock_gate_of_job(p_job);
    perform 1 from job j
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner for update;
    if found then
        perform make_ready(p_job, interval '0');
    end if;
end $$;

-- Takes back a job whose worker has fallen silent, and counts its death. The first time the job goes on at once, then
-- after pauses that grow, so that work that only happened to be near one that kills can be done in between. After
-- `p_most` deaths the job is given up. Answers false if the job needs no rescue (any more).
create function rescue_job(p_job bigint, p_most integer, p_failure text) returns boolean
language plpgsql volatile as $$
declare
    v_deaths integer;
begin
    perform lock_gate_of_job(p_job);
    update job j set deaths = j.deaths + 1
        where j.job_id = p_job and j.state = 'running' and j.lease_until < clock_timestamp()
        returning j.deaths into v_deaths;
    if v_deaths is null then
        return false;
    end if;
    if v_deaths >= p_most then
        perform bury_job(p_job, p_failure);
    else
        perform make_ready(p_job, case when v_deaths = 1 then interval '0'
                                       else least(5 * 2 ^ (v_deaths - 1), 300) * interval '1 second' end);
    end if;
    return true;
end $$;

-- A purge for a list that has sealed files whose blocks are still on disk, and no purge that waits or runs: the one that
-- was to do it has been given up. Answers whether one was begun.
create function begin_purge_again(p_list bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    insert into job (kind, list_id)
        select 'purge_list', p_list
        where exists (select from coupon_file f
                      where f.list_id = p_list and f.sealed_at is not null and f.purged_at is null)
          and not exists (select from job j
                          where j.list_id = p_list and j.kind = 'purge_list' and j.state in ('ready', 'running'))
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
    return found;
end $$;

-- What housekeeping asks for: nearly nothing, however many files there are.
create index coupon_file_not_purged on coupon_file (list_id) where sealed_at is not null and purged_at is null;
create index coupon_file_orphaned on coupon_file (updated_at)
    where status = 'FAILED' or status = 'PENDING' and deleted_at is not null;
create index job_of_list on job (list_id, kind) where state in ('ready', 'running');

-- Ends every load of a list that has not ended; the caller holds the gate.
create or replace function fail_pending_files(p_list bigint, p_failure text) returns void
language plpgsql volatile as $$
begin
    -- Locked first, all of them: a load that is about to take its turn (`begin_load`) then finds the turn taken, where it
    -- would wait for the end of the one that has it, while this waits for its row.
    perform 1 from job j
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running')
        order by j.job_id for update;
    update job j set state = 'done', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null, last_error = p_failure
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running');
    update coupon_file f set status = 'FAILED', failure = p_failure, stage = 'done', updated_at = clock_timestamp()
        where f.list_id = p_list and f.status = 'PENDING';
end $$;

-- Carries out an expiry that has come; answers whether there was one.
create or replace function expire_list(p_list bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_list c set status = 'EXPIRED'
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at <= clock_timestamp();
    if not found then
        return false;
    end if;
    perform fail_pending_files(p_list, 'list expired');
    perform seal_files(p_list);
    return true;
end $$;

create or replace function archive_list(p_list bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    update coupon_list c set status = 'ARCHIVED', updated_at = clock_timestamp()
        where c.list_id = p_list and c.status <> 'ARCHIVED';
    if found then
        perform fail_pending_files(p_list, 'list archived');
        perform seal_files(p_list);
    end if;
end $$;

-- Takes away a file's free codes, or stops its load. Answers false if there is no such file (any more).
create or replace function delete_file(p_list bigint, p_file bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    -- Only this function deletes, so nothing changes the answer while the gate is held.
    if not exists (select from coupon_file f where f.list_id = p_list and f.file_id = p_file and f.deleted_at is null) then
        return false;
    end if;
    update job j set state = 'done', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null, last_error = 'file deleted'
        where j.list_id = p_list and j.file_id = p_file and j.state in ('ready', 'running');
    perform seal_files(p_list, p_file);
    update coupon_file f set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
        where f.list_id = p_list and f.file_id = p_file;
    return true;
end $$;

-- Ends a load that came to nothing. Answers false if the job is someone else's by now.
create or replace function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_duplicates bigint, p_rejected bigint,
    p_rejections jsonb
) returns boolean
language plpgsql volatile as $$
begin
    perform lock_gate_of_job(p_job);
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

-- Ends a load: all of the file's codes may be handed out from here on. `p_attempt` and `p_owner` are the worker's
-- fencing token. Answers `published`; `stale` when the job is someone else's by now (or the list was archived, the file
-- deleted) and nothing happened; or why the file has failed, in the words of LoadFailure. That all of the file's blocks
-- are there is counted, not supposed.
create or replace function publish_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_added bigint, p_codes_per_block integer, p_duplicates bigint,
    p_rejected bigint, p_rejections jsonb, p_most_codes bigint
) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_list bigint;
    v_file bigint;
    v_lane text;
    v_blocks bigint;
    v_status text;
    v_expires_at timestamptz;
    v_now timestamptz;
    v_most bigint;
    v_failure text;
begin
    select j.list_id, j.file_id, j.lane into v_list, v_file, v_lane from job j where j.job_id = p_job;
    -- Before the gate: nobody but the job's worker writes them.
    select count(*) into v_blocks from block b where b.list_id = v_list and b.file_id = v_file;
    perform 1 from gate g where g.list_id = v_list for no key update;
    v_now := clock_timestamp();
    select c.status, c.expires_at into v_status, v_expires_at from coupon_list c where c.list_id = v_list;
    -- At most as many as the list has; they are only counted, which takes as long as there are exceptions, where that
    -- would be too many.
    select coalesce(sum(case when f.sealed_at is null then f.added else f.sealed_at + 1 - f.withdrawn end), 0)
        into v_most from coupon_file f where f.list_id = v_list and f.status = 'SUCCESS';
    v_failure := case
        when v_status = 'ARCHIVED' then 'list archived'
        when v_status = 'EXPIRED' or v_expires_at <= v_now then 'list expired'
        when p_added > 0 and v_most + p_added > p_most_codes
             and (select s.total from stock(v_list, true, v_now) s) + p_added > p_most_codes
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
    if v_lane <> 'load_file' then
        -- Only in this lane are the loads of a list one after another (0035): a worker that does not know of lanes may have
        -- compared beside another load.
        raise exception 'the load of file % of list % was not in its turn', v_file, v_list;
    end if;
    if v_blocks <> (p_added + p_codes_per_block - 1) / p_codes_per_block then
        raise exception 'file % of list % has % blocks for % codes', v_file, v_list, v_blocks, p_added;
    end if;
    update coupon_file f
    set status = 'SUCCESS', stage = 'done', published_at = v_now, updated_at = v_now, added = p_added,
        codes_per_block = p_codes_per_block, used_up = p_added = 0, duplicates = p_duplicates, rejected = p_rejected,
        rejections = p_rejections
    where f.list_id = v_list and f.file_id = v_file;
    return 'published';
end $$;
