-- A hand-out is answered before it is in the log.
-- Found by: chaos --database-kills 5 database-kills
select pg_temp.spoil('allocate', 'v_now := clock_timestamp();',
    'v_now := clock_timestamp(); perform set_config(''synchronous_commit'', ''off'', true);');
