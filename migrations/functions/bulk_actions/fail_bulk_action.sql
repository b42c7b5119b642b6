-- Ends an action that cannot be done to its end; what it has changed stays changed.
create or replace function fail_bulk_action(p_list bigint, p_bulk_action bigint, p_failure text) returns void
language sql volatile as $$
    update bulk_action b set status = 'FAILED', failure = p_failure, ended_at = clock_timestamp()
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action and b.status = 'PENDING';
$$;
