-- "No code left" is said of a list whose gate is taken.
-- Found by: chaos --rounds 1 races
select pg_temp.spoil('allocate', '''busy''::allocate_state', '''active''::allocate_state');
