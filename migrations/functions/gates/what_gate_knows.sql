-- What the list's row in `gate` has to say, by the tables.
create or replace function what_gate_knows(p_list bigint) returns gate
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_gate gate;
begin
    select c.list_id, c.status = 'ACTIVE', c.expires_at,
           exists (select from coupon_file f where f.list_id = p_list and f.has_returned and f.sealed_at is null
                   and f.quarantined_at is null),
           exists (select from disabled_run d where d.list_id = p_list)
        into v_gate.list_id, v_gate.is_active, v_gate.expires_at, v_gate.has_returned, v_gate.has_disabled
        from coupon_list c where c.list_id = p_list;
    select f.file_id, f.added, f.codes_per_block into v_gate.file_id, v_gate.added, v_gate.codes_per_block
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
          and f.quarantined_at is null
        order by f.published_at, f.file_id limit 1;
    return v_gate;
end $$;
