-- Gives hand-outs back to the pool. `outcome`: released (now or before), redeemed, disabled (both stay), unknown.
create or replace function release(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome release_outcome)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_asked record;
    v_files bigint[];
    v_ordinals bigint[];
    v_turns integer[];
    v_codes text[];
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select array_agg(s.n) as places, array_agg(s.file_id) as files, array_agg(s.ordinal) as ordinals,
           array_agg(s.turn) as turns, array_agg(s.code) as codes, array_agg(s.status) as statuses
        into v_asked from allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s;
    return query
        select a.place, (case when s.status is null then 'unknown' when s.status = 'REDEEMED' then 'redeemed'
                              when s.status = 'DISABLED' then 'disabled' else 'released' end)::release_outcome
        from generate_series(1, cardinality(p_files)) as a (place)
        left join unnest(v_asked.places, v_asked.statuses) s (place, status) using (place);
    select array_agg(g.file_id), array_agg(g.ordinal), array_agg(g.turn), array_agg(g.code)
        into v_files, v_ordinals, v_turns, v_codes
        from (
            select distinct on (s.file_id, s.ordinal, s.turn) s.*
            from unnest(v_asked.files, v_asked.ordinals, v_asked.turns, v_asked.codes, v_asked.statuses)
                 s (file_id, ordinal, turn, code, status)
            where s.status in ('HELD', 'ALLOCATED')
        ) g;
    if v_files is null then
        return;
    end if;
    perform remove_holds(p_list, v_files, v_ordinals, v_turns);
    insert into event (list_id, file_id, ordinal, turn, kind, at)
        select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', v_now
        from unnest(v_files, v_ordinals, v_turns) g (file_id, ordinal, turn);
    perform put_back(p_list, v_files, v_ordinals, v_turns, v_codes);
end $$;
