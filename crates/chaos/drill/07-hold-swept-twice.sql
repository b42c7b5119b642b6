-- A sweep chooses the holds that ran out before it has the gate.
-- Found by: test storage at_the_gate
select pg_temp.spoil('sweep_holds', 'perform 1 from gate g where g.list_id = p_list for no key update;', '');
select pg_temp.spoil('sweep_holds', 'perform end_holds',
    'perform 1 from gate g where g.list_id = p_list for no key update; perform end_holds');
