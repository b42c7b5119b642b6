-- Ends a load that came to nothing. `p_first_line` is told where the file has no header. Answers false if the job is someone
-- else's by now.
create or replace function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_duplicates bigint, p_rejected bigint,
    p_rejections jsonb, p_first_line text
) returns boolean
language plpgsql volatile as $$
begin
    perform lock_gate_of_job(p_job);
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    update coupon_file f
    set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = clock_timestamp(),
        duplicates = p_duplicates, rejected = p_rejected, rejections = p_rejections, first_line = p_first_line
    from job j
    where j.job_id = p_job and f.list_id = j.list_id and f.file_id = j.file_id and f.status = 'PENDING';
    return true;
end $$;
