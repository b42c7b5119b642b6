-- Work that outlives a request: enqueued in the statement of the fact it serves, done outside any transaction.

create table job (
    job_id       bigint generated always as identity primary key,
    kind         text not null check (kind in ('load_file', 'purge_list', 'send_mail', 'call_back', 'build_report',
                                            'bulk_action', 'send_invitation')),
    -- The job's kind, but for one: a load whose file has yet to be fetched is in the lane `fetch_file`, where a slow
    -- host keeps nobody waiting, and comes to the lane `load_file` when its bytes are here.
    lane         text not null,
    -- Claims are fair among workspaces.
    workspace_id bigint not null,
    -- An invitation is of no list.
    list_id      bigint,
    file_id      bigint,
    -- What the work needs and nobody else may see (addresses, passwords): emptied when the job ends.
    payload      jsonb not null default '{}',
    -- Of the request that asked for the work, if it was traced: W3C `traceparent`.
    traceparent  text,
    state        text not null default 'ready' check (state in ('ready', 'running', 'done', 'dead')),
    run_at       timestamptz not null default clock_timestamp(),
    -- Each claim counts one up: with `lease_owner` the fencing token of whoever works on it.
    attempt      integer not null default 0,
    -- Errors of ours; a worker that was killed is not one.
    failures     integer not null default 0,
    -- Workers that died with it.
    deaths       integer not null default 0,
    lease_owner  uuid,
    lease_until  timestamptz,
    last_error   text,
    created_at   timestamptz not null default clock_timestamp(),
    ended_at     timestamptz,
    constraint job_file_check check ((kind in ('load_file', 'call_back')) = (file_id is not null)),
    constraint job_list_check check ((kind = 'send_invitation') = (list_id is null)),
    constraint job_lane_check check (lane = kind or kind = 'load_file' and lane = 'fetch_file'),
    check ((state = 'running') = (lease_owner is not null)),
    check ((state = 'running') = (lease_until is not null)),
    check ((state in ('done', 'dead')) = (ended_at is not null))
);

create index job_ready on job (lane, workspace_id, run_at, job_id) where state = 'ready';
create index job_running on job (lease_until) where state = 'running';
create index job_running_of_workspace on job (lane, workspace_id) where state = 'running';
create index job_ended on job (ended_at) where state in ('done', 'dead');
create index job_dead on job (lane) where state = 'dead';
create index job_of_file on job (list_id, file_id) where file_id is not null;
create index job_of_list on job (list_id, kind) where state in ('ready', 'running');

-- Loads of one list go one after another: each must see what the one before it published. Two workers that claim two
-- of them at once meet here. Their files may be fetched side by side.
create unique index job_one_load_a_list on job (list_id) where lane = 'load_file' and state = 'running';

-- Purging twice is harmless, a queue full of it is not.
create unique index job_one_purge_waiting_a_list on job (list_id) where kind = 'purge_list' and state = 'ready';

-- Work that one process at a time does every now and then.
create table turn (
    name    text primary key,
    next_at timestamptz not null
);
