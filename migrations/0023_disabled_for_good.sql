-- Disabled codes: jumped over however many there are in a row, and never forgotten.

-- The ordinals of a file that were disabled before anyone had them, as ranges: two never touch.
create table disabled_run (
    list_id bigint not null,
    file_id bigint not null,
    first   bigint not null,
    last    bigint not null check (last >= first),
    primary key (list_id, file_id, first)
);

insert into disabled_run (list_id, file_id, first, last)
    select g.list_id, g.file_id, min(g.ordinal), max(g.ordinal)
    from (
        select d.list_id, d.file_id, d.ordinal,
               d.ordinal - row_number() over (partition by d.list_id, d.file_id order by d.ordinal) as island
        from disabled d
        where not exists (select from ledger l where l.list_id = d.list_id and l.file_id = d.file_id
                          and l.ordinal = d.ordinal)
    ) g
    group by g.list_id, g.file_id, g.island;

-- Adds an ordinal to the ranges, and joins those that then touch; the caller holds the gate and has seen that it is not
-- in one.
create function add_to_disabled_run(p_list bigint, p_file bigint, p_ordinal bigint) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan
as $$
declare
    v_first bigint;
    v_last bigint;
begin
    select r.first, r.last into v_first, v_last from disabled_run r
        where r.list_id = p_list and r.file_id = p_file and r.first <= p_ordinal order by r.first desc limit 1;
    if v_last is null or v_last < p_ordinal - 1 then
        v_first := null;
    end if;
    delete from disabled_run r where r.list_id = p_list and r.file_id = p_file and r.first = p_ordinal + 1
        returning r.last into v_last;
    if not found then
        v_last := p_ordinal;
    end if;
    if v_first is not null then
        update disabled_run r set last = v_last
            where r.list_id = p_list and r.file_id = p_file and r.first = v_first;
    else
        insert into disabled_run (list_id, file_id, first, last) values (p_list, p_file, p_ordinal, v_last);
    end if;
end $$;

-- Makes sure that a code is not handed out (again), whoever has it. `outcome`: disabled (now or before), redeemed (it
-- stays), absent (no such place, or the code went with its list or file before it was disabled).
create or replace function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz;
    v_sealed_at bigint;
    v_found boolean;
    v_turn integer;
    v_status text;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    if exists (select from disabled d where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then
        return 'disabled';
    end if;
    select f.sealed_at, true into v_sealed_at, v_found from coupon_file f
        where f.list_id = p_list and f.file_id = p_file and f.status = 'SUCCESS'
          and p_ordinal between 0 and coalesce(f.sealed_at, f.added - 1);
    if v_found is null then
        return 'absent';
    end if;
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is not null then
        select s.status into v_status
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    end if;
    if v_status = 'REDEEMED' then
        return 'redeemed';
    elsif v_status = 'DISABLED' then
        return 'disabled';
    elsif v_status in ('ALLOCATED', 'HELD') then
        insert into event (list_id, file_id, ordinal, turn, kind, at)
            values (p_list, p_file, p_ordinal, v_turn, 'DISABLED', v_now);
        delete from hold h
            where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.turn = v_turn;
        if v_sealed_at is not null then
            -- The exceptions of a sealed file are counted, not kept.
            update coupon_file f set withdrawn = f.withdrawn + 1 where f.list_id = p_list and f.file_id = p_file;
            return 'disabled';
        end if;
    elsif v_sealed_at is not null or not exists (
        select from coupon_list c where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > v_now
    ) then
        -- Nobody has it, and it is free no more.
        return 'absent';
    elsif v_turn is null then
        perform add_to_disabled_run(p_list, p_file, p_ordinal);
    else
        perform end_holds(p_list, array[p_file], array[p_ordinal], array[v_turn]);
        delete from returned r where r.list_id = p_list and r.file_id = p_file and r.ordinal = p_ordinal
                                 and r.turn = v_turn;
    end if;
    insert into disabled (list_id, file_id, ordinal, code, at) values (p_list, p_file, p_ordinal, p_code, v_now);
    return 'disabled';
end $$;

-- Takes away what files of a list have not handed out: from here on ordinals beyond `sealed_at` do not exist. The
-- caller holds the gate. Whatever was given back, runs out or was disabled stays where it is, so that this takes as
-- long as there are files: `stock` subtracts it, and a job frees the disk later. Disabled codes stay for good: a later
-- file must not bring them again.
create or replace function seal_files(p_list bigint, p_file bigint default null) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    insert into job (kind, list_id) values ('purge_list', p_list)
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
    update coupon_file f
    set sealed_at = c.cursor
    from (
        select s.file_id,
               case when s.used_up then s.added - 1
                    else coalesce((select l.ordinal from ledger l where l.list_id = p_list and l.file_id = s.file_id
                                   order by l.ordinal desc limit 1), -1)
               end as cursor
        from coupon_file s
        where s.list_id = p_list and s.status = 'SUCCESS' and s.sealed_at is null
          and (p_file is null or s.file_id = p_file)
    ) c
    where f.list_id = p_list and f.file_id = c.file_id;
end $$;

-- What a list holds. As before, and a disabled code that is no longer there to be handed out is counted no more, which
-- was so of sealed files only.
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

-- How many fresh codes a list handed out since an instant, as in 0018; the disabled codes that the cursor passed over are
-- counted by ranges.
create or replace function handed_out_since(p_list bigint, p_since timestamptz) returns bigint
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_file record;
    v_last record;
    v_low bigint;
    v_high bigint;
    v_middle bigint;
    v_at timestamptz;
    v_passed bigint;
    v_sum bigint := 0;
begin
    for v_file in
        select f.file_id from coupon_file f where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0
    loop
        select l.ordinal, l.turn, l.allocated_at into v_last from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_last.ordinal is null or v_last.allocated_at <= p_since;
        -- Everything before v_low was handed out earlier, everything from v_high on since then.
        v_low := 0;
        v_high := v_last.ordinal;
        while v_low < v_high loop
            v_middle := (v_low + v_high) / 2;
            -- Disabled codes were skipped: the nearest one at or before it.
            select l.allocated_at into v_at from ledger l
                where l.list_id = p_list and l.file_id = v_file.file_id and l.ordinal <= v_middle and l.turn = 0
                order by l.ordinal desc limit 1;
            if v_at > p_since then
                v_high := v_middle;
            else
                v_low := v_middle + 1;
            end if;
        end loop;
        select coalesce(sum(least(r.last, v_last.ordinal) - greatest(r.first, v_low) + 1), 0) into v_passed
            from disabled_run r
            where r.list_id = p_list and r.file_id = v_file.file_id and r.last >= v_low and r.first <= v_last.ordinal;
        v_sum := v_sum + v_last.ordinal - v_low + 1 - v_passed;
    end loop;
    return v_sum;
end $$;

-- Disabled codes of files that are gone, which a later file must not bring again, page by page in the order of file and
-- ordinal. What was passed over or handed out before the seal is in the file's run and is refused with it.
create function refused_codes(p_list bigint, p_after_file bigint, p_after_ordinal bigint, p_most integer)
returns table (file_id bigint, ordinal bigint, code text)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
        select d.file_id, d.ordinal, d.code from coupon_file f
        cross join lateral (
            select d.file_id, d.ordinal, d.code from disabled d
            where d.list_id = p_list and d.file_id = f.file_id
              and d.ordinal > case when f.file_id = p_after_file then greatest(f.sealed_at, p_after_ordinal)
                                   else f.sealed_at end
            order by d.ordinal limit p_most
        ) d
        where f.list_id = p_list and f.sealed_at is not null and f.file_id >= p_after_file
        order by f.file_id limit p_most;
end $$;
