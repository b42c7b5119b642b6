-- A list that is over gives codes, where a call is for several lists.
-- Found by: test storage invariant
select pg_temp.spoil('next_codes', ' and g.is_active and g.expires_at > p_now', '');
