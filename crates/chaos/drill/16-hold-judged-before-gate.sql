-- A confirmation judges the hold before it has the gate.
-- Found by: test storage at_the_gate
select pg_temp.spoil('confirm', 'perform 1 from gate g where g.list_id = p_list for no key update;', '');
select pg_temp.spoil('confirm', 'perform remove_holds',
    'perform 1 from gate g where g.list_id = p_list for no key update; perform remove_holds');
