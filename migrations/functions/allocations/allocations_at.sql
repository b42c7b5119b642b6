-- How hand-outs stand, each by its place in the arrays; places that were never handed out are left out. `p_now` null:
-- now.
create or replace function allocations_at(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[],
                                          p_now timestamptz default null)
returns table (
    n integer, file_id bigint, ordinal bigint, turn integer, code text, user_id text, request_id text, campaign_id text,
    allocated_at timestamptz, held_until timestamptz, status text
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    return query
    select a.place::integer, l.file_id, l.ordinal, l.turn, l.code, l.user_id, l.request_id,
           (select c.id from campaign c where c.list_id = p_list and c.campaign_key = l.campaign_key),
           l.allocated_at, case when h.held_until > v_now then h.held_until end,
           case when e.disabled then 'DISABLED' when e.released or h.held_until <= v_now then 'RELEASED'
                when e.redeemed then 'REDEEMED' when h.held_until is not null then 'HELD' else 'ALLOCATED' end
    from unnest(p_files, p_ordinals, p_turns) with ordinality as a (file_id, ordinal, turn, place)
    -- The offset keeps each look-up what it is, a probe of the primary key: as a join, a partition without statistics
    -- was read through for every place.
    cross join lateral (
        select * from ledger l
        where l.list_id = p_list and l.file_id = a.file_id and l.ordinal = a.ordinal and l.turn = a.turn offset 0
    ) l
    left join lateral (
        select * from hold h
        where h.list_id = p_list and h.file_id = a.file_id and h.ordinal = a.ordinal and h.turn = a.turn offset 0
    ) h on true
    cross join lateral (
        select coalesce(bool_or(v.kind = 'RELEASED'), false) as released,
               coalesce(bool_or(v.kind = 'REDEEMED'), false) as redeemed,
               coalesce(bool_or(v.kind = 'DISABLED'), false) as disabled
        from event v
        where v.list_id = p_list and v.file_id = a.file_id and v.ordinal = a.ordinal and v.turn = a.turn
    ) e;
end $$;
