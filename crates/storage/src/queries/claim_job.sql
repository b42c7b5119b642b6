update job
set state = 'running', attempt = attempt + 1, lease_owner = $2, lease_until = clock_timestamp() + $3
where job_id = (
    select j.job_id from job j
    where j.kind = $1 and j.state = 'ready' and j.run_at <= clock_timestamp()
      and (j.kind <> 'load_file' or not exists (
          select from job r where r.list_id = j.list_id and r.kind = 'load_file' and r.state = 'running'))
    order by j.run_at, j.job_id
    limit 1
    for update skip locked
)
returning job_id, attempt, failures, list_id, file_id, payload,
          (select c.fingerprint_key from coupon_list c where c.list_id = job.list_id) as "fingerprint_key!"
