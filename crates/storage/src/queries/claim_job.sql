-- For the workspace that has the fewest jobs of this lane running, and fewer than $4; of its jobs the one that has been
-- due longest. Workers that claim at the same time take different ones of the candidates.
with busy as (
    select r.workspace_id, count(*) as running from job r
    where r.lane = $1 and r.state = 'running'
    group by r.workspace_id
), waiting as (
    select distinct w.workspace_id from job w where w.lane = $1 and w.state = 'ready'
), candidate as (
    select due.job_id, coalesce(busy.running, 0) as running
    from waiting left join busy using (workspace_id)
    cross join lateral (
        select j.job_id from job j
        where j.lane = $1 and j.state = 'ready' and j.workspace_id = waiting.workspace_id
          and j.run_at <= clock_timestamp()
          and (j.lane <> 'load_file' or not exists (
              select from job r where r.list_id = j.list_id and r.lane = 'load_file' and r.state = 'running'))
        order by j.run_at, j.job_id
        limit 32
    ) due
    where coalesce(busy.running, 0) < $4
)
update job
set state = 'running', attempt = attempt + 1, lease_owner = $2, lease_until = clock_timestamp() + $3
where job_id = (
    select j.job_id from job j join candidate c using (job_id)
    where j.state = 'ready'
    order by c.running, j.run_at, j.job_id
    limit 1
    for update of j skip locked
)
returning job_id, attempt, failures, list_id, file_id, payload,
          (select c.fingerprint_key from coupon_list c where c.list_id = job.list_id) as "fingerprint_key!"
