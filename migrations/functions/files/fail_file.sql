-- Ends a load that came to nothing. `p_counts` are the storage's LoadCounts. Answers false if the job is someone else's by
-- now.
create or replace function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_counts jsonb
) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_list bigint;
    v_file bigint;
begin
    perform lock_gate_of_job(p_job);
    v_now := clock_timestamp();
    if not end_job(p_job, p_attempt, p_owner, v_now) then
        return false;
    end if;
    select j.list_id, j.file_id into v_list, v_file from job j where j.job_id = p_job;
    update coupon_file f
    set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = v_now,
        duplicates = (p_counts ->> 'duplicates')::bigint,
        duplicates_in_file = (p_counts ->> 'duplicates_in_file')::bigint,
        duplicates_from_before = (p_counts ->> 'duplicates_from_before')::bigint,
        rejected = (p_counts ->> 'rejected')::bigint, rejected_for = p_counts -> 'rejected_for',
        rejections = p_counts -> 'rejections', rejections_bytes = (p_counts ->> 'rejections_bytes')::bigint,
        first_line = p_counts ->> 'first_line'
    where f.list_id = v_list and f.file_id = v_file and f.status = 'PENDING';
    if found then
        perform tell_end_of_file(v_list, v_file);
    end if;
    return true;
end $$;
