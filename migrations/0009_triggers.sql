-- What happens whenever a row comes or changes, by whatever statement.

create trigger job_placed before insert on job for each row execute function place_job();

create trigger job_announced after insert on job for each statement execute function announce_job();
