-- What a list holds, from one snapshot. `p_active` is false once the list is archived or past its expiry: then free
-- codes do not exist any more, whether or not they have been sealed away yet. A disabled
-- code that is no longer there to be handed out is not counted.
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
        -- A hold that ran out is a code given back, also before anyone has booked it so.
        select h.file_id, (h.held_until > p_now)::int as held, (h.held_until <= p_now)::int as returned,
               0 as disabled_behind, 0 as disabled_ahead
        from hold h where h.list_id = p_list
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
               case when f.open then coalesce(c.disabled_behind + c.disabled_ahead, 0) else 0 end as disabled
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
