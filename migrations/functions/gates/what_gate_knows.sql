-- What the list's row in `gate` has to say, by the tables. It may say more: that something was given back or disabled stays
-- there until the next note, since calls for codes, which change that, write nothing at the gate.
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
           exists (select from coupon_file f
                   where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
                     and f.quarantined_at is null
                     and (select d.last from disabled_run d where d.list_id = p_list and d.file_id = f.file_id
                          order by d.first desc limit 1)
                         > coalesce((select l.ordinal from ledger l where l.list_id = p_list and l.file_id = f.file_id
                                     order by l.ordinal desc limit 1), -1))
        into v_gate.list_id, v_gate.is_active, v_gate.expires_at, v_gate.has_returned, v_gate.has_disabled
        from coupon_list c where c.list_id = p_list;
    select f.file_id, f.added, f.codes_per_block into v_gate.file_id, v_gate.added, v_gate.codes_per_block
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
          and f.quarantined_at is null
        order by f.published_at, f.file_id limit 1;
    return v_gate;
end $$;
