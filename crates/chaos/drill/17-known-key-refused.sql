-- "No code left" is said to a key that another call has given the last one meanwhile.
-- Found by: chaos --rounds 1 races
select pg_temp.spoil('none_is_known', 'raise exception ''a request key has come meanwhile'' using errcode = ''unique_violation''',
    'null');
