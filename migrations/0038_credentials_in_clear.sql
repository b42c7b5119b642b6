-- A file whose Basic credentials go over plain http, where everyone on the way can read them: its readers are warned.
-- A column of its own, since the job forgets the credentials when the load ends.

alter table coupon_file add column credentials_in_clear boolean not null default false;

-- A trigger on the job, which alone knows that there are credentials.
create function note_credentials_in_clear() returns trigger language plpgsql as $$
begin
    update coupon_file f set credentials_in_clear = true
        where f.list_id = new.list_id and f.file_id = new.file_id;
    return null;
end $$;

create trigger job_with_credentials_in_clear after insert on job for each row
    when (new.kind = 'load_file' and new.payload ->> 'username' is not null and new.payload ->> 'url' like 'http://%')
    execute function note_credentials_in_clear();
