-- Where the bytes of a hosted file wait for their load. Unlogged: what a crash of the database loses is fetched again.

create unlogged table fetched_piece (
    list_id bigint not null,
    job_id  bigint not null,
    -- Of the claim that fetched them: a worker that lost the job writes beside its successor, not into its pieces.
    attempt integer not null,
    number  integer not null,
    bytes   bytea not null,
    primary key (list_id, job_id, attempt, number)
);
-- Compressing would cost more time than it saves room for the seconds that a piece lives.
alter table fetched_piece alter column bytes set storage external;

-- Passes a fetched file on to its load, with the number of its pieces and bytes. Answers false if the job is someone
-- else's by now.
create function finish_fetch(p_job bigint, p_attempt integer, p_owner uuid, p_pieces integer, p_bytes bigint)
returns boolean
language plpgsql volatile as $$
begin
    update job j
        set lane = 'load_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload || jsonb_build_object('fetched', jsonb_build_object(
                'attempt', j.attempt, 'pieces', p_pieces, 'bytes', p_bytes))
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner;
    if not found then
        return false;
    end if;
    notify couponry_job;
    return true;
end $$;

-- Sends a load back to have its file fetched again: its pieces are gone.
create function fetch_again(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    update job j
        set lane = 'fetch_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload - 'fetched'
        where j.job_id = p_job and j.state = 'running' and j.attempt = p_attempt and j.lease_owner = p_owner;
    notify couponry_job;
end $$;
