-- Work that outlives a request: enqueued in the statement of the fact it serves, done outside any transaction.

create table job (
    job_id      bigint generated always as identity primary key,
    kind        text not null check (kind in ('load_file', 'purge_list')),
    list_id     bigint not null,
    file_id     bigint check ((kind = 'load_file') = (file_id is not null)),
    -- What the work needs and nobody else may see (addresses, passwords): emptied when the job ends.
    payload     jsonb not null default '{}',
    state       text not null default 'ready' check (state in ('ready', 'running', 'done', 'dead')),
    run_at      timestamptz not null default clock_timestamp(),
    -- Each claim counts one up: with `lease_owner` the fencing token of whoever works on it.
    attempt     integer not null default 0,
    -- Errors of ours; a worker that was killed is not one.
    failures    integer not null default 0,
    lease_owner uuid,
    lease_until timestamptz,
    last_error  text,
    created_at  timestamptz not null default clock_timestamp(),
    ended_at    timestamptz,
    check ((state = 'running') = (lease_owner is not null)),
    check ((state = 'running') = (lease_until is not null)),
    check ((state in ('done', 'dead')) = (ended_at is not null))
);

create index job_ready on job (kind, run_at, job_id) where state = 'ready';
create index job_running on job (lease_until) where state = 'running';
create index job_ended on job (ended_at) where state in ('done', 'dead');
create index job_of_file on job (list_id, file_id) where file_id is not null;

-- Loads of one list go one after another: each must see what the one before it published. Two workers that claim two
-- of them at once meet here.
create unique index job_one_load_a_list on job (list_id) where kind = 'load_file' and state = 'running';

-- Purging twice is harmless, a queue full of it is not.
create unique index job_one_purge_waiting_a_list on job (list_id) where kind = 'purge_list' and state = 'ready';

create function announce_job() returns trigger language plpgsql as $$
begin
    notify couponry_job;
    return null;
end $$;

create trigger job_announced after insert on job for each statement execute function announce_job();
