-- A hand-out reads where the file stands before it has the gate, and the ledger has no primary key.
-- Found by: chaos --rounds 1 races
select pg_temp.spoil('allocate', 'v_now timestamptz;', 'v_now timestamptz; v_early bigint;');
select pg_temp.spoil('allocate', '-- The gates and what they know',
    'select coalesce(max(l.ordinal) + 1, 0) into v_early
         from gate g left join ledger l using (list_id, file_id) where g.list_id = p_list;
     -- The gates and what they know');
select pg_temp.spoil('allocate', 'v_next := coalesce(v_next, 0);',
    'v_next := case when v_is_one and v_file = v_gate.file_id then v_early else coalesce(v_next, 0) end;');
alter table ledger drop constraint ledger_pkey;
create index on ledger (list_id, file_id, ordinal, turn);
