-- Keeps the piece with this number, from 0, of a file's rejected rows; the first takes the place of what an interrupted load
-- left. Answers false, and keeps nothing, if the job is someone else's by now.
create or replace function keep_rejections(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    if p_number = 0 then
        delete from rejection_piece p where p.list_id = p_list and p.file_id = p_file;
    end if;
    insert into rejection_piece (list_id, file_id, number, bytes) values (p_list, p_file, p_number, p_bytes);
    return true;
end $$;
