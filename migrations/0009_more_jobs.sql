-- More kinds of work than loading and purging: mails, callbacks, reports, uploads by hand.

alter table job drop constraint job_kind_check;
alter table job add constraint job_kind_check
    check (kind in ('load_file', 'purge_list', 'send_mail', 'call_back', 'build_report'));
alter table job drop constraint job_check;
alter table job add constraint job_file_check check ((kind in ('load_file', 'call_back')) = (file_id is not null));

-- A file sent by hand, in pieces, until its load has ended. Any process may do the load, so the bytes are kept here and
-- not on a process' disk.
create table upload_piece (
    list_id     bigint not null,
    upload_id   uuid not null,
    number      integer not null,
    bytes       bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (list_id, upload_id, number)
);
-- Compressing would cost more time than it saves room for the seconds that a piece lives.
alter table upload_piece alter column bytes set storage external;

-- Takes back the jobs whose workers have fallen silent; a job that keeps killing its workers is given up. Tries that
-- ended by an error are counted apart: a mail that waits for its relay is claimed many times.
create or replace function rescue_jobs(p_most_attempts integer, p_failure text) returns integer
language plpgsql volatile as $$
declare
    v_job record;
    v_rescued integer := 0;
begin
    for v_job in
        select j.job_id, j.attempt - j.failures as deaths from job j
        where j.state = 'running' and j.lease_until < clock_timestamp()
        order by j.job_id for update skip locked
    loop
        if v_job.deaths >= p_most_attempts then
            perform bury_job(v_job.job_id, p_failure);
        else
            perform make_ready(v_job.job_id, interval '0');
        end if;
        v_rescued := v_rescued + 1;
    end loop;
    return v_rescued;
end $$;
