-- Takes away a file's free codes, or stops its load. Answers false if there is no such file (any more).
create or replace function delete_file(p_list bigint, p_public_id bytea) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    -- Only this function deletes, so nothing changes the answer while the gate is held.
    select f.file_id into v_file from coupon_file f
        where f.list_id = p_list and f.public_id = p_public_id and f.deleted_at is null;
    if v_file is null then
        return false;
    end if;
    v_now := clock_timestamp();
    update job j set state = 'done', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null, last_error = 'file deleted'
        where j.list_id = p_list and j.file_id = v_file and j.state in ('ready', 'running');
    -- After its job: a worker that is keeping a piece has had to wait for the end of that, and keeps none after.
    delete from rejection_piece p where p.list_id = p_list and p.file_id = v_file;
    perform seal_files(p_list, v_file);
    perform note_at_gate(p_list);
    update coupon_file f set deleted_at = v_now, updated_at = v_now where f.list_id = p_list and f.file_id = v_file;
    return true;
end $$;
