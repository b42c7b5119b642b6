-- A list that is over gives codes, where a call is for several lists.
-- Found by: test storage a_list_that_is_over_gives_nothing_beside_others
select pg_temp.spoil('next_codes', ' and g.is_active and g.expires_at > p_now', '');
