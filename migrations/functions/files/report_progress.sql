-- Shows how far a load has come, if its job is the caller's. One that lost its job a moment ago may still show its own: that
-- misleads nobody for long, and needs no lock.
create or replace function report_progress(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint, p_stage text, p_bytes_read bigint,
    p_bytes_expected bigint
) returns void
language plpgsql volatile as $$
begin
    perform 1 from job j where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    if found then
        update coupon_file f set stage = p_stage, bytes_read = p_bytes_read, bytes_expected = p_bytes_expected
            where f.list_id = p_list and f.file_id = p_file and f.status = 'PENDING';
    end if;
end $$;
