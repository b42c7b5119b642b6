-- Passes a fetched file on to its load, with the number of its pieces and bytes. Answers false if the job is someone
-- else's by now.
create or replace function finish_fetch(p_job bigint, p_attempt integer, p_owner uuid, p_pieces integer, p_bytes bigint)
returns boolean
language plpgsql volatile as $$
begin
    update job j
        set lane = 'load_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload || jsonb_build_object('fetched', jsonb_build_object(
                'attempt', j.attempt, 'pieces', p_pieces, 'bytes', p_bytes))
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    if not found then
        return false;
    end if;
    notify couponry_job;
    return true;
end $$;
