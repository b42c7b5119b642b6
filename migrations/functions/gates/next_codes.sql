-- The next `p_needs[i]` fresh codes of each list `p_gates[i]`, in the order of the lists, where that is all there is to do: the
-- list is active, nothing was given back or disabled, and the file that the gate names has the codes and others behind them.
-- A list of which that is not true is left out. The caller holds the gates.
create or replace function next_codes(p_gates gate[], p_needs integer[], p_now timestamptz)
returns table (lists bigint[], codes text[], files bigint[], ordinals bigint[])
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    -- As in allocate().
    v_few constant integer := 6;
begin
    return query
        select array_agg(t.list_id), array_agg(t.code), array_agg(t.file_id), array_agg(t.ordinal)
        from (
            select g.list_id, g.file_id, u.code, p.first + u.n - 1 as ordinal
            from unnest(p_gates, p_needs)
                 as g (list_id, is_active, expires_at, has_returned, has_disabled, file_id, added, codes_per_block, need)
            cross join lateral (
                select coalesce((select l.ordinal from ledger l where l.list_id = g.list_id and l.file_id = g.file_id
                                 order by l.ordinal desc limit 1) + 1, 0) as next offset 0
            ) c
            cross join lateral generate_series(c.next / g.codes_per_block,
                                               (c.next + g.need - 1) / g.codes_per_block) as w (wanted)
            -- What is taken of this block.
            cross join lateral (
                select greatest(c.next, w.wanted * g.codes_per_block) as first,
                       least(c.next + g.need, (w.wanted + 1) * g.codes_per_block) as until offset 0
            ) p
            cross join lateral (
                select b.codes, (p.first % g.codes_per_block)::integer as at, (p.until - p.first)::integer as count
                from block b
                where b.list_id = g.list_id and b.file_id = g.file_id and b.number >= w.wanted::integer
                order by b.number limit 1
            ) b
            cross join lateral unnest(
                case when b.count <= v_few
                     then array(select split_part(b.codes, E'\n', b.at + i) from generate_series(1, b.count) i)
                     else (string_to_array(b.codes, E'\n'))[b.at + 1 : b.at + b.count] end
            ) with ordinality as u (code, n)
            where g.need > 0 and g.is_active and g.expires_at > p_now and not g.has_returned and not g.has_disabled
              and c.next + g.need < g.added
            order by g.list_id, ordinal
        ) t;
end $$;
