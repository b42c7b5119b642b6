-- A hand-out does not ask on which server it is made; the look once a second is all.
-- Found by: chaos --failovers 3 failovers
select pg_temp.spoil('allocate', 'if p_server_started_at <> pg_postmaster_start_time() then', 'if false then');
