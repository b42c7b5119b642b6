-- Wakes the workers; a job that is not announced is found by looking.
create or replace function announce_job() returns trigger language plpgsql as $$
begin
    notify couponry_job;
    return null;
end $$;
