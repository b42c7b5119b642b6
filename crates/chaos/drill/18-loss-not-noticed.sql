-- A server does not miss what it handed out before a backup was put back.
-- Found by: chaos --failovers 1 restores
select pg_temp.spoil('check_lineage', 'v_is_lost := true', 'null');
select pg_temp.spoil('check_lineage', 'v_is_lost := not exists', 'v_is_lost := false and not exists');
