-- Writes at the gate what calls for codes have to know of the list. Called by whatever changes it, before its end; the caller
-- holds the gate.
create or replace function note_at_gate(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_gate gate := what_gate_knows(p_list);
begin
    update gate g
        set is_active = v_gate.is_active, expires_at = v_gate.expires_at, has_returned = v_gate.has_returned,
            has_disabled = v_gate.has_disabled, file_id = v_gate.file_id, added = v_gate.added,
            codes_per_block = v_gate.codes_per_block
        where g.list_id = p_list and (g.is_active, g.expires_at, g.has_returned, g.has_disabled, g.file_id, g.added, g.codes_per_block)
              is distinct from (v_gate.is_active, v_gate.expires_at, v_gate.has_returned, v_gate.has_disabled, v_gate.file_id,
                                v_gate.added, v_gate.codes_per_block);
end $$;
