-- Ends every load of a list that has not ended; the caller holds the gate.
create or replace function fail_pending_files(p_list bigint, p_failure text) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_file bigint;
begin
    -- Locked first, all of them: a load that is about to take its turn (`begin_load`) then finds the turn taken, where it
    -- would wait for the end of the one that has it, while this waits for its row.
    perform 1 from job j
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running')
        order by j.job_id for update;
    update job j set state = 'done', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null, last_error = p_failure
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running');
    for v_file in
        update coupon_file f set status = 'FAILED', failure = p_failure, stage = 'done', updated_at = v_now
            where f.list_id = p_list and f.status = 'PENDING' returning f.file_id
    loop
        perform tell_end_of_file(p_list, v_file);
    end loop;
end $$;
