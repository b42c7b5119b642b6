-- The timeline that the server writes: another one after every promotion, and from the promotion on (what `pg_control_checkpoint`
-- says is late by a checkpoint). 0 where a platform does not tell. Fails on a standby.
create or replace function current_timeline() returns bigint
language plpgsql volatile as $$
begin
    return ('x' || lpad(left(pg_walfile_name(pg_current_wal_lsn()), 8), 16, '0'))::bit(64)::bigint;
exception when feature_not_supported or insufficient_privilege or undefined_function then
    return 0;
end $$;
