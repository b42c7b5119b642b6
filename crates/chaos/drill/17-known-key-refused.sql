-- "No code left" is said to a key that another call has given the last one meanwhile.
-- Found by: test storage a_key_that_comes_by_two_servers_at_once_gets_one_code
select pg_temp.spoil('none_is_known', 'raise exception ''a request key has come meanwhile'' using errcode = ''unique_violation''',
    'null');
