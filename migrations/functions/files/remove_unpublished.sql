-- Removes the blocks that an interrupted load left under a file, if its job is the caller's: a worker that lost its job must
-- not take away what the next one has just written. So the job is kept from being taken away meanwhile.
create or replace function remove_unpublished(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint)
returns void
language plpgsql volatile as $$
begin
    if lock_my_job(p_job, p_attempt, p_owner) then
        delete from block b using coupon_file f
            where b.list_id = p_list and b.file_id = p_file and f.list_id = p_list and f.file_id = p_file
              and f.status = 'PENDING';
    end if;
end $$;
