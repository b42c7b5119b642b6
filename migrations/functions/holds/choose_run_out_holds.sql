-- Holds that ran out, up to `p_most`; `p_free` leaves out those of files that may not be handed out. Nothing is taken
-- yet: `end_holds` does that. One row; its arrays are null if there are none.
create or replace function choose_run_out_holds(p_list bigint, p_now timestamptz, p_most integer, p_free boolean)
returns table (codes text[], files bigint[], ordinals bigint[], turns integer[])
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        select array_agg(l.code), array_agg(l.file_id), array_agg(l.ordinal), array_agg(l.turn)
        from (
            select h.* from coupon_file f
            cross join lateral (
                select h.file_id, h.ordinal, h.turn from hold h
                where h.list_id = p_list and h.file_id + 0 = f.file_id and h.held_until <= p_now
                order by h.held_until limit p_most
            ) h
            where f.list_id = p_list and not (p_free and (f.sealed_at is not null or f.quarantined_at is not null))
            order by f.file_id limit p_most
        ) h
        cross join lateral (
            select l.* from ledger l
            where l.list_id = p_list and l.file_id = h.file_id and l.ordinal = h.ordinal and l.turn = h.turn offset 0
        ) l;
end $$;
