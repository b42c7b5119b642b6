-- Reads with plans that are kept. A function in SQL is planned anew at each call, and with sixteen partitions that took
-- longer than the read itself (list details: 1.9 ms, now 0.4 ms); PL/pgSQL keeps the plan. Plans are pinned as before, whatever the
-- statistics say.

-- What a list holds, as in 0005.
create or replace function stock(p_list bigint, p_active boolean, p_now timestamptz)
returns table (total bigint, available bigint, held bigint, allocated bigint, disabled bigint, quarantined bigint)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
-- Files and exceptions are joined by hash: nested, a plan made on empty tables would compare each with each.
set enable_nestloop = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    with file as (
        select f.file_id, f.added, f.withdrawn, f.sealed_at is null and p_active as open,
               f.quarantined_at is not null as quarantined,
               case when f.sealed_at is not null then f.sealed_at
                    when f.used_up then f.added - 1
                    else coalesce((select l.ordinal from ledger l
                                   where l.list_id = p_list and l.file_id = f.file_id
                                   order by l.ordinal desc limit 1), -1)
               end as cursor
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS'
    ), place as (
        select h.file_id, 1 as held, 0 as returned, 0 as disabled_behind, 0 as disabled_ahead
        from hold h where h.list_id = p_list and h.held_until > p_now
        union all
        -- A hold that ran out is a code given back, also before anyone has booked it so.
        select h.file_id, 0, 1, 0, 0 from hold h where h.list_id = p_list and h.held_until <= p_now
        union all
        select r.file_id, 0, 1, 0, 0 from returned r where r.list_id = p_list
        union all
        select d.file_id, 0, 0, (d.ordinal <= f.cursor)::int, (d.ordinal > f.cursor)::int
        from disabled d join file f using (file_id) where d.list_id = p_list
    ), counted as (
        select file_id, sum(p.held) as held, sum(p.returned) as returned, sum(p.disabled_behind) as disabled_behind,
               sum(p.disabled_ahead) as disabled_ahead
        from place p group by file_id
    ), figures as (
        select f.quarantined,
               coalesce(c.held, 0) as held,
               f.cursor + 1 - f.withdrawn - coalesce(c.held + c.returned + c.disabled_behind, 0) as allocated,
               case when f.open then f.added - f.cursor - 1 + coalesce(c.returned - c.disabled_ahead, 0) else 0 end as free,
               coalesce(c.disabled_behind + case when f.open then c.disabled_ahead else 0 end, 0) as disabled
        from file f left join counted c using (file_id)
    )
    select coalesce(sum(g.held + g.allocated + g.free + g.disabled), 0)::bigint,
           coalesce(sum(g.free) filter (where not g.quarantined), 0)::bigint,
           coalesce(sum(g.held), 0)::bigint,
           coalesce(sum(g.allocated), 0)::bigint,
           coalesce(sum(g.disabled), 0)::bigint,
           coalesce(sum(g.free) filter (where g.quarantined), 0)::bigint
    from figures g;
end $$;

-- Which of these codes some runs hold, as in 0007.
create or replace function codes_in_runs(
    p_list bigint, p_files bigint[], p_counts bigint[], p_codes_per_block integer[], p_fingerprints bigint[],
    p_codes text[]
) returns table (n integer, file_id bigint, ordinal bigint)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    select c.n::integer, r.file_id, p.ordinal
    from unnest(p_fingerprints, p_codes) with ordinality as c (fingerprint, code, n)
    cross join unnest(p_files, p_counts, p_codes_per_block) as r (file_id, count, codes_per_block)
    cross join lateral (
        select b.number, b.first_fingerprint, b.codes from block b
        where b.list_id = p_list and b.file_id = r.file_id and b.first_fingerprint <= c.fingerprint
        order by b.first_fingerprint desc, b.number desc
        limit 1
    ) hit
    cross join lateral (
        select hit.number, hit.codes
        union all
        select b.number, b.codes from block b
        where hit.first_fingerprint = c.fingerprint
          and b.list_id = p_list and b.file_id = r.file_id and b.number = hit.number - 1
    ) near
    cross join lateral (
        select near.number::bigint * r.codes_per_block + array_position(string_to_array(near.codes, E'\n'), c.code) - 1
    ) p (ordinal)
    -- A search of the whole text is many times cheaper than cutting it up, and nearly always says no.
    where position(E'\n' || c.code || E'\n' in E'\n' || near.codes || E'\n') > 0
      and p.ordinal < r.count;
end $$;

-- How hand-outs stand, as in 0013.
create or replace function allocations_at(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[], p_now timestamptz)
returns table (
    n integer, file_id bigint, ordinal bigint, turn integer, code text, user_id text, request_id text, campaign_id text,
    allocated_at timestamptz, held_until timestamptz, status text
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    select a.place::integer, l.file_id, l.ordinal, l.turn, l.code, l.user_id, l.request_id,
           (select c.id from campaign c where c.list_id = p_list and c.campaign_key = l.campaign_key),
           l.allocated_at, case when h.held_until > p_now then h.held_until end,
           case when e.disabled then 'DISABLED' when e.released or h.held_until <= p_now then 'RELEASED'
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

-- What looks at one place only: every statement is a few probes of primary keys.
alter function code_passport(bigint, bigint, bigint) set plan_cache_mode = force_generic_plan;
alter function redeem(bigint, bigint, bigint, jsonb) set plan_cache_mode = force_generic_plan;
alter function disable(bigint, bigint, bigint, text) set plan_cache_mode = force_generic_plan;
