-- Takes away a file's free codes, or stops its load. Answers false if there is no such file (any more).
create or replace function delete_file(p_list bigint, p_file bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    -- Only this function deletes, so nothing changes the answer while the gate is held.
    if not exists (select from coupon_file f where f.list_id = p_list and f.file_id = p_file and f.deleted_at is null) then
        return false;
    end if;
    update job j set state = 'done', ended_at = clock_timestamp(), payload = '{}', lease_owner = null,
                     lease_until = null, last_error = 'file deleted'
        where j.list_id = p_list and j.file_id = p_file and j.state in ('ready', 'running');
    perform seal_files(p_list, p_file);
    perform note_at_gate(p_list);
    update coupon_file f set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
        where f.list_id = p_list and f.file_id = p_file;
    return true;
end $$;
