-- Removes holds that have ended in another way.
create or replace function remove_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    delete from hold h using (
        select h.ctid from unnest(p_files, p_ordinals, p_turns) t (file_id, ordinal, turn)
        cross join lateral (
            select h.ctid from hold h
            where h.list_id = p_list and h.file_id = t.file_id and h.ordinal = t.ordinal and h.turn = t.turn
            offset 0
        ) h
    ) t
    where h.list_id = p_list and h.ctid = t.ctid;
end $$;
