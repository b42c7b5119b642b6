-- The lists whose gate says something else than the tables do: there must be none at any time.
create or replace function wrong_gates() returns setof bigint
language plpgsql stable as $$
declare
    v_gate gate;
    v_right gate;
begin
    for v_gate in select * from gate loop
        v_right := what_gate_knows(v_gate.list_id);
        -- These may be true for longer.
        v_right.has_returned := v_right.has_returned or v_gate.has_returned;
        v_right.has_disabled := v_right.has_disabled or v_gate.has_disabled;
        if v_gate is distinct from v_right then
            return next v_gate.list_id;
        end if;
    end loop;
end $$;
