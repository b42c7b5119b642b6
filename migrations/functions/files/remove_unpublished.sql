-- Removes the blocks that an interrupted load left under a file, if its job is the caller's: a worker that lost its job must
-- not take away what the next one has just written. So the job is kept from being taken away meanwhile. A worker that stands
-- still in the middle of its `COPY` keeps the file's blocks locked, and no time limit of the server holds while that waits for
-- its client: its session is ended.
create or replace function remove_unpublished(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint)
returns void
language plpgsql volatile as $$
begin
    if lock_my_job(p_job, p_attempt, p_owner) then
        perform pg_terminate_backend(a.pid) from pg_stat_activity a
            where a.datname = current_database() and a.application_name = 'couponry load ' || p_job
              -- Another role's may not be ended.
              and pg_has_role(a.usesysid, 'usage');
        delete from block b using coupon_file f
            where b.list_id = p_list and b.file_id = p_file and f.list_id = p_list and f.file_id = p_file
              and f.status = 'PENDING';
    end if;
end $$;
