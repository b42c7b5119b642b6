-- What happens whenever a row comes or changes, by whatever statement.

create trigger job_placed before insert on job for each row execute function place_job();

create trigger job_announced after insert on job for each statement execute function announce_job();

create trigger job_with_credentials_in_clear after insert on job for each row
    when (new.kind = 'load_file' and new.payload ->> 'username' is not null and new.payload ->> 'url' like 'http://%')
    execute function note_credentials_in_clear();

-- A load ends in many ways: published, failed, given up, its list archived or expired.
create trigger coupon_file_ended after update of status on coupon_file for each row
    when (old.status = 'PENDING' and new.status <> 'PENDING' and new.deleted_at is null)
    execute function announce_end_of_file();
