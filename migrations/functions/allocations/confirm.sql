-- Makes holds last. `outcome`: confirmed (now or before, or never a hold), released (given back, disabled, or the hold
-- ran out, whether or not somebody has taken the code since), unknown.
create or replace function confirm(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome confirm_outcome)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_asked record;
    v_held record;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select array_agg(s.n) as places, array_agg(s.file_id) as files, array_agg(s.ordinal) as ordinals,
           array_agg(s.turn) as turns, array_agg(s.status) as statuses
        into v_asked from allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s;
    return query
        select a.place, (case when s.status is null then 'unknown'
                              when s.status in ('RELEASED', 'DISABLED') then 'released'
                              else 'confirmed' end)::confirm_outcome
        from generate_series(1, cardinality(p_files)) as a (place)
        left join unnest(v_asked.places, v_asked.statuses) s (place, status) using (place);
    select array_agg(h.file_id) as files, array_agg(h.ordinal) as ordinals, array_agg(h.turn) as turns into v_held
        from (
            select distinct s.file_id, s.ordinal, s.turn
            from unnest(v_asked.files, v_asked.ordinals, v_asked.turns, v_asked.statuses)
                 s (file_id, ordinal, turn, status)
            where s.status = 'HELD'
        ) h;
    if v_held.files is null then
        return;
    end if;
    perform remove_holds(p_list, v_held.files, v_held.ordinals, v_held.turns);
    insert into event (list_id, file_id, ordinal, turn, kind, at)
        select p_list, h.file_id, h.ordinal, h.turn, 'CONFIRMED', v_now
        from unnest(v_held.files, v_held.ordinals, v_held.turns) h (file_id, ordinal, turn);
end $$;
