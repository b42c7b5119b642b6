-- A hand-out does not take the list's gate.
-- Found by: chaos --rounds 3 races
select pg_temp.spoil('allocate', ' for no key update skip locked', '');
select pg_temp.spoil('allocate', ' for no key update', '');
