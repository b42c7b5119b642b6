-- A code that was disabled goes out after all, where a call is for several lists.
-- Found by: test storage invariant
select pg_temp.spoil('next_codes', ' and not g.has_disabled', '');
