-- Books that these holds have run out, each at its own end. What becomes of the codes is the caller's business.
create or replace function end_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    with gone as (
        delete from hold h using (
            select h.ctid from unnest(p_files, p_ordinals, p_turns) t (file_id, ordinal, turn)
            cross join lateral (
                select h.ctid from hold h
                where h.list_id = p_list and h.file_id = t.file_id and h.ordinal = t.ordinal and h.turn = t.turn
                offset 0
            ) h
        ) t
        where h.list_id = p_list and h.ctid = t.ctid
        returning h.file_id, h.ordinal, h.turn, h.held_until
    )
    insert into event (list_id, file_id, ordinal, turn, kind, at)
    select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', g.held_until from gone g;
end $$;
