-- Which workers take a job, and for which workspace: claims go by lane and are fair among workspaces.

alter table job
    -- The job's kind, but for one: a load whose file has yet to be fetched is in the lane `fetch_file`, where a slow
    -- host keeps nobody waiting, and comes to the lane `load_file` when its bytes are here.
    add column lane text,
    add column workspace_id bigint;

-- A trigger, since jobs are enqueued by many functions.
create function place_job() returns trigger language plpgsql as $$
begin
    new.lane := case when new.kind = 'load_file' and new.payload ? 'url' then 'fetch_file' else new.kind end;
    select c.workspace_id into new.workspace_id from coupon_list c where c.list_id = new.list_id;
    return new;
end $$;

create trigger job_placed before insert on job for each row execute function place_job();

update job j
    set lane = case when j.kind = 'load_file' and j.payload ? 'url' then 'fetch_file' else j.kind end,
        workspace_id = c.workspace_id
    from coupon_list c where c.list_id = j.list_id;

alter table job
    alter column lane set not null,
    alter column workspace_id set not null,
    add constraint job_lane_check check (lane = kind or kind = 'load_file' and lane = 'fetch_file');

drop index job_ready;
create index job_ready on job (lane, workspace_id, run_at, job_id) where state = 'ready';
create index job_running_of_workspace on job (lane, workspace_id) where state = 'running';

-- Loads of one list go one after another; their files may be fetched side by side.
drop index job_one_load_a_list;
create unique index job_one_load_a_list on job (list_id) where lane = 'load_file' and state = 'running';
