-- Of a file that was stopped, codes that were given back still go out.
-- Found by: test storage invariant
select pg_temp.spoil('choose_returned', ' and f.quarantined_at is null', '');
