-- What may become of a hand-out: confirmed, given back, redeemed, disabled. All under the gate.

-- As before, and a code that was disabled after it had been handed out is no longer its key's: another try is a new key.
create or replace function known_allocations(p_list bigint, p_keys uuid[], p_now timestamptz) returns table (
    n integer, outcome text, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    return query execute
        'select array_position($2, l.request_key),
                case when e.released or h.held_until <= $3 then ''released'' else ''repeat'' end,
                l.file_id, l.ordinal, l.turn, l.code, l.allocated_at, h.held_until, l.user_id,
                (select c.id from campaign c where c.list_id = $1 and c.campaign_key = l.campaign_key),
                e.redeemed
         from ledger l
         left join hold h on h.list_id = $1 and h.file_id = l.file_id and h.ordinal = l.ordinal and h.turn = l.turn
         cross join lateral (
             select coalesce(bool_or(v.kind in (''RELEASED'', ''DISABLED'')), false) as released,
                    coalesce(bool_or(v.kind = ''REDEEMED''), false) as redeemed
             from event v
             where v.list_id = $1 and v.file_id = l.file_id and v.ordinal = l.ordinal and v.turn = l.turn
         ) e
         where l.list_id = $1 and l.request_key = any($2)'
        using p_list, p_keys, p_now;
end $$;

-- How hand-outs stand, each by its place in the arrays; places that were never handed out are left out.
create function allocations_at(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[], p_now timestamptz)
returns table (
    n integer, file_id bigint, ordinal bigint, turn integer, code text, user_id text, request_id text, campaign_id text,
    allocated_at timestamptz, held_until timestamptz, status text
)
language sql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
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
    ) e
$$;

-- Makes holds last. `outcome`: confirmed (now or before, or never a hold), released (given back, disabled, or the hold
-- ran out, whether or not somebody has taken the code since), unknown.
create function confirm(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome text)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    return query
        with asked as (
            select a.place::integer as place, a.file_id, a.ordinal, a.turn, s.status
            from unnest(p_files, p_ordinals, p_turns) with ordinality as a (file_id, ordinal, turn, place)
            left join allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s on s.n = a.place
        ), lasting as (
            delete from hold h using (select distinct a.file_id, a.ordinal, a.turn from asked a where a.status = 'HELD') g
            where h.list_id = p_list and h.file_id = g.file_id and h.ordinal = g.ordinal and h.turn = g.turn
            returning h.file_id, h.ordinal, h.turn
        ), told as (
            insert into event (list_id, file_id, ordinal, turn, kind, at)
            select p_list, l.file_id, l.ordinal, l.turn, 'CONFIRMED', v_now from lasting l
        )
        select a.place, case when a.status is null then 'unknown'
                             when a.status in ('RELEASED', 'DISABLED') then 'released' else 'confirmed' end
        from asked a;
end $$;

-- Gives hand-outs back to the pool. `outcome`: released (now or before), redeemed, disabled (both stay), unknown.
create or replace function release(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome text)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    perform take_back_run_out_holds(p_list, v_now);
    return query
        with asked as (
            select a.place::integer as place, a.file_id, a.ordinal, a.turn, s.code, s.status
            from unnest(p_files, p_ordinals, p_turns) with ordinality as a (file_id, ordinal, turn, place)
            left join allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s on s.n = a.place
        ), going as (
            select distinct on (a.file_id, a.ordinal, a.turn) a.* from asked a where a.status in ('HELD', 'ALLOCATED')
        ), unheld as (
            delete from hold h using going g
            where h.list_id = p_list and h.file_id = g.file_id and h.ordinal = g.ordinal and h.turn = g.turn
        ), told as (
            insert into event (list_id, file_id, ordinal, turn, kind, at)
            select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', v_now from going g
        ), given_back as (
            insert into returned (list_id, file_id, ordinal, turn, code)
            select p_list, g.file_id, g.ordinal, g.turn, g.code from going g
            -- A sealed file has no free codes: what comes back to it is withdrawn, not returned.
            join coupon_file f on f.list_id = p_list and f.file_id = g.file_id and f.sealed_at is null
        ), withdrawn as (
            update coupon_file f set withdrawn = f.withdrawn + w.number
            from (select g.file_id, count(*) as number from going g group by g.file_id) w
            where f.list_id = p_list and f.file_id = w.file_id and f.sealed_at is not null
        )
        select a.place, case when a.status is null then 'unknown' when a.status = 'REDEEMED' then 'redeemed'
                             when a.status = 'DISABLED' then 'disabled' else 'released' end
        from asked a;
end $$;

-- As before, and what runs out in a sealed file is withdrawn, not returned.
create or replace function take_back_run_out_holds(p_list bigint, p_now timestamptz) returns bigint
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_taken bigint;
begin
    with gone as (
        delete from hold h where h.list_id = p_list and h.held_until <= p_now
        returning h.file_id, h.ordinal, h.turn, h.held_until
    ), told as (
        insert into event (list_id, file_id, ordinal, turn, kind, at)
        select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', g.held_until from gone g
    ), withdrawn as (
        update coupon_file f set withdrawn = f.withdrawn + w.number
        from (select g.file_id, count(*) as number from gone g group by g.file_id) w
        where f.list_id = p_list and f.file_id = w.file_id and f.sealed_at is not null
    )
    insert into returned (list_id, file_id, ordinal, turn, code)
    select p_list, g.file_id, g.ordinal, g.turn, l.code
    from gone g
    join ledger l on l.list_id = p_list and l.file_id = g.file_id and l.ordinal = g.ordinal and l.turn = g.turn
    join coupon_file f on f.list_id = p_list and f.file_id = g.file_id and f.sealed_at is null;
    get diagnostics v_taken = row_count;
    return v_taken;
end $$;

-- Makes sure that a code is not handed out (again), whoever has it. `outcome`: disabled (now or before), redeemed (it
-- stays), absent (no such place).
create or replace function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_now timestamptz;
    v_sealed_at bigint;
    v_found boolean;
    v_turn integer;
    v_last record;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    perform take_back_run_out_holds(p_list, v_now);
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
        select s.status into v_last
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
        if v_last.status = 'REDEEMED' then
            return 'redeemed';
        elsif v_last.status = 'DISABLED' then
            return 'disabled';
        elsif v_last.status = 'RELEASED' and v_sealed_at is not null then
            return 'absent';
        elsif v_last.status in ('ALLOCATED', 'HELD') then
            insert into event (list_id, file_id, ordinal, turn, kind, at)
                values (p_list, p_file, p_ordinal, v_turn, 'DISABLED', v_now);
            delete from hold h
                where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.turn = v_turn;
        end if;
    end if;
    if v_sealed_at is not null then
        -- The exceptions of a sealed file are counted, not kept.
        update coupon_file f set withdrawn = f.withdrawn + 1 where f.list_id = p_list and f.file_id = p_file;
        return 'disabled';
    end if;
    delete from returned r where r.list_id = p_list and r.file_id = p_file and r.ordinal = p_ordinal;
    insert into disabled (list_id, file_id, ordinal, code, at) values (p_list, p_file, p_ordinal, p_code, v_now);
    return 'disabled';
end $$;

-- Notes that a code was used, once. `p_detail` holds `redemption_id` (or not) and what the shop has to say. Answers
--   redeemed; repeat (with the same redemption_id); already; not-redeemable (held, given back, disabled, never handed out)
create function redeem(p_list bigint, p_file bigint, p_ordinal bigint, p_detail jsonb) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_now timestamptz;
    v_turn integer;
    v_status text;
    v_before jsonb;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is null then
        return 'not-redeemable';
    end if;
    select s.status into v_status from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    if v_status = 'REDEEMED' then
        select e.detail into v_before from event e
            where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal and e.turn = v_turn
              and e.kind = 'REDEEMED';
        return case when v_before ->> 'redemption_id' = p_detail ->> 'redemption_id' then 'repeat' else 'already' end;
    elsif v_status <> 'ALLOCATED' then
        return 'not-redeemable';
    end if;
    insert into event (list_id, file_id, ordinal, turn, kind, at, detail)
        values (p_list, p_file, p_ordinal, v_turn, 'REDEEMED', v_now, p_detail);
    return 'redeemed';
end $$;

-- Where a code of a list is, if the list has or had it. Runs of sealed files end at their seals.
create function find_code(p_list bigint, p_fingerprint bigint, p_code text)
returns table (file_id bigint, ordinal bigint)
language sql stable as $$
    select c.file_id, c.ordinal
    from (
        select array_agg(f.file_id) as files, array_agg(coalesce(f.sealed_at + 1, f.added)) as counts,
               array_agg(f.codes_per_block) as codes_per_block
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and coalesce(f.sealed_at + 1, f.added) > 0
    ) r
    cross join lateral codes_in_runs(p_list, r.files, r.counts, r.codes_per_block, array[p_fingerprint], array[p_code]) c
    where r.files is not null
    limit 1
$$;

-- All that is known of a code at a place: where it comes from and what became of it. `history` is an array of
-- {"at": microseconds since 1970, "event"}; `turn` is the last hand-out's, or null.
create function code_passport(p_list bigint, p_file bigint, p_ordinal bigint) returns table (
    file_public_id bytea, file_name text, file_created_by text, turn integer, status text, history jsonb,
    redemption jsonb, redeemed_at timestamptz
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_file coupon_file;
    v_active boolean;
    v_turn integer;
    v_status text;
    v_event record;
begin
    select * into v_file from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is not null then
        select s.status into v_status
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    end if;
    if coalesce(v_status, 'RELEASED') = 'RELEASED' then
        v_status := case
            when exists (select from disabled d
                         where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then 'DISABLED'
            when v_file.sealed_at is not null or not v_active then 'GONE'
            when v_file.quarantined_at is not null then 'QUARANTINED'
            else 'AVAILABLE' end;
    end if;
    select e.detail, e.at into v_event from event e
        where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal and e.turn = v_turn
          and e.kind = 'REDEEMED';
    return query
        select v_file.public_id, v_file.name, v_file.created_by, v_turn, v_status,
               (select jsonb_agg(jsonb_build_object('at', (extract(epoch from t.at) * 1000000)::bigint, 'event', t.event)
                                 order by t.at, t.place)
                from (
                    select v_file.published_at as at, 'ADDED' as event, 0 as place
                    union all
                    select l.allocated_at, 'ALLOCATED', 1 + 10 * l.turn from ledger l
                    where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal
                    union all
                    select e.at, e.kind, 2 + 10 * e.turn from event e
                    where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal
                    union all
                    select d.at, 'DISABLED', 1000000 from disabled d
                    where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal
                      and not exists (select from event e where e.list_id = p_list and e.file_id = p_file
                                      and e.ordinal = p_ordinal and e.kind = 'DISABLED')
                    union all
                    -- Booked only when somebody looks for it.
                    select h.held_until, 'RELEASED', 3 + 10 * h.turn from hold h
                    where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.held_until <= v_now
                ) t),
               v_event.detail, v_event.at;
end $$;
