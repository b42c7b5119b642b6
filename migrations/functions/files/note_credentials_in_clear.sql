-- A trigger on the job, which alone knows that there are credentials.
create or replace function note_credentials_in_clear() returns trigger language plpgsql as $$
begin
    update coupon_file f set credentials_in_clear = true
        where f.list_id = new.list_id and f.file_id = new.file_id;
    return null;
end $$;
