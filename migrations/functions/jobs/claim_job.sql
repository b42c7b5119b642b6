-- Claims a job of the workspace that has the fewest jobs of this lane running, and fewer than `p_most`; of its jobs the one
-- that has been due longest. Workers that claim at the same time take different ones of the candidates. No row if there is
-- none. Another worker may take another load of the same list a moment before: then the index that keeps a list's loads one
-- after the other is violated, and nothing was claimed.
create or replace function claim_job(p_lane text, p_owner uuid, p_lease interval, p_most bigint) returns table (
    job_id bigint, attempt integer, failures integer, list_id bigint, file_id bigint, payload jsonb, fingerprint_key bytea,
    traceparent text
)
language plpgsql volatile as $$
#variable_conflict use_column
begin
    with busy as (
        select r.workspace_id, count(*) as running from job r
        where r.lane = p_lane and r.state = 'running'
        group by r.workspace_id
    ), waiting as (
        select distinct w.workspace_id from job w where w.lane = p_lane and w.state = 'ready'
    ), candidate as (
        select due.job_id, coalesce(busy.running, 0) as running
        from waiting left join busy using (workspace_id)
        cross join lateral (
            select j.job_id from job j
            where j.lane = p_lane and j.state = 'ready' and j.workspace_id = waiting.workspace_id
              and j.run_at <= clock_timestamp()
              and (j.lane <> 'load_file' or not exists (
                  select from job r where r.list_id = j.list_id and r.lane = 'load_file' and r.state = 'running'))
            order by j.run_at, j.job_id
            limit 32
        ) due
        where coalesce(busy.running, 0) < p_most
    )
    update job t
    set state = 'running', attempt = t.attempt + 1, lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
    where t.job_id = (
        select j.job_id from job j join candidate c using (job_id)
        where j.state = 'ready'
        order by c.running, j.run_at, j.job_id
        limit 1
        for update of j skip locked
    )
    returning t.job_id, t.attempt, t.failures, t.list_id, t.file_id, t.payload, t.traceparent
        into job_id, attempt, failures, list_id, file_id, payload, traceparent;
    if found then
        select c.fingerprint_key into fingerprint_key from coupon_list c where c.list_id = claim_job.list_id;
        return next;
    end if;
end $$;
