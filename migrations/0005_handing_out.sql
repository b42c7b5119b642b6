-- Handing out and taking back. Rules of every function here: the gate is locked by a statement of its own, so that the
-- statements after it see all that was committed before it was granted; VOLATILE, for the same reason; no EXCEPTION
-- block (a subtransaction beside the row lock makes multixacts); the clock is read after the lock. The plan settings
-- keep "the highest ordinal" and "these keys" on their indexes whatever the statistics of a fresh partition say.

-- What a list holds, from one snapshot. `p_active` is false once the list is archived or past its expiry: then free
-- codes do not exist any more, whether or not they have been sealed away yet.
create function stock(p_list bigint, p_active boolean, p_now timestamptz)
returns table (total bigint, available bigint, held bigint, allocated bigint, disabled bigint, quarantined bigint)
language sql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
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
    from figures g
$$;

-- Gives back the codes whose holds ran out; the caller holds the gate. Answers how many.
create function take_back_run_out_holds(p_list bigint, p_now timestamptz) returns bigint
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
    )
    insert into returned (list_id, file_id, ordinal, turn, code)
    select p_list, g.file_id, g.ordinal, g.turn, l.code
    from gone g join ledger l on l.list_id = p_list and l.file_id = g.file_id and l.ordinal = g.ordinal and l.turn = g.turn;
    get diagnostics v_taken = row_count;
    return v_taken;
end $$;

-- The sweep: the same, with the gate.
create function sweep_holds(p_list bigint) returns bigint
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    return take_back_run_out_holds(p_list, clock_timestamp());
end $$;

-- What the ledger knows of these keys, each by its place in the array; `outcome` is `repeat`, or `released` when the code
-- was given back or its hold ran out.
create function known_allocations(p_list bigint, p_keys uuid[], p_now timestamptz) returns table (
    n integer, outcome text, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    -- Dynamic, so that each size of array is planned as what it is: a kept plan for "some keys" may scan.
    return query execute
        'select array_position($2, l.request_key),
                case when e.released or h.held_until <= $3 then ''released'' else ''repeat'' end,
                l.file_id, l.ordinal, l.turn, l.code, l.allocated_at, h.held_until, l.user_id,
                (select c.id from campaign c where c.list_id = $1 and c.campaign_key = l.campaign_key),
                e.redeemed
         from ledger l
         left join hold h on h.list_id = $1 and h.file_id = l.file_id and h.ordinal = l.ordinal and h.turn = l.turn
         cross join lateral (
             select coalesce(bool_or(v.kind = ''RELEASED''), false) as released,
                    coalesce(bool_or(v.kind = ''REDEEMED''), false) as redeemed
             from event v
             where v.list_id = $1 and v.file_id = l.file_id and v.ordinal = l.ordinal and v.turn = l.turn
         ) e
         where l.list_id = $1 and l.request_key = any($2)'
        using p_list, p_keys, p_now;
end $$;

-- One code for each key that has none yet, in one statement and one round trip. Keys must differ from one another.
-- `p_all_or_nothing`: if not all keys can be served, no fresh one is (they are answered `exhausted`).
--
-- Answers a row for each key, by its place `n` in the arrays (from 1); `outcome` is
--   new        the key has a code now
--   repeat     it had one before: here it is, with who got it and for which campaign
--   released   its code was given back, or its hold ran out
--   inactive   the list is archived or expired
--   exhausted  no code is left
create function allocate(
    p_list bigint, p_keys uuid[], p_users text[], p_requests text[], p_campaigns uuid[], p_holds integer[],
    p_all_or_nothing boolean
) returns table (
    n integer, outcome text, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_known uuid[];
    v_places integer[];
    v_keys uuid[] := p_keys;
    v_users text[] := p_users;
    v_requests text[] := p_requests;
    v_campaigns uuid[] := p_campaigns;
    v_holds integer[] := p_holds;
    v_need integer;
    v_have integer := 0;
    v_active boolean;
    v_available bigint;
    v_refused boolean;
    v_has_disabled boolean;
    v_file record;
    v_next bigint;
    v_block_codes text[];
    v_in_block integer;
    v_taken_codes text[];
    v_taken_ordinals bigint[];
    v_codes text[] := '{}';
    v_files bigint[] := '{}';
    v_ordinals bigint[] := '{}';
    v_turns integer[] := '{}';
    v_used_up bigint[] := '{}';
    v_given_back record;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    if not found then
        raise exception 'list % has no gate', p_list;
    end if;
    v_now := clock_timestamp();

    -- Dynamic for the same reason as in known_allocations.
    execute 'select array_agg(l.request_key) from ledger l where l.list_id = $1 and l.request_key = any($2)'
        into v_known using p_list, p_keys;

    if v_known is not null then
        return query select k.* from known_allocations(p_list, p_keys, v_now) k;
        select array_agg(t.place order by t.place), array_agg(t.key order by t.place),
               array_agg(t.usr order by t.place), array_agg(t.request order by t.place),
               array_agg(t.campaign order by t.place)
            into v_places, v_keys, v_users, v_requests, v_campaigns
            from unnest(p_keys, p_users, p_requests, p_campaigns) with ordinality
                 as t (key, usr, request, campaign, place)
            where t.key <> all (v_known);
        if v_places is null then
            return;
        end if;
        if p_holds is not null then
            select array_agg(p_holds[p] order by p) into v_holds from unnest(v_places) p;
        end if;
    else
        v_places := array(select generate_series(1, cardinality(p_keys)));
    end if;
    v_need := cardinality(v_keys);

    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    if not v_active then
        return query select p, 'inactive', null::bigint, null::bigint, null::integer, null::text, null::timestamptz,
                            null::timestamptz, null::text, null::text, false
                     from unnest(v_places) p;
        return;
    end if;

    if p_all_or_nothing then
        -- A known key that cannot be served either: then the fresh ones are not to be.
        v_refused := v_known is not null and exists (
            select from known_allocations(p_list, p_keys, v_now) k
            where k.outcome = 'released' or k.user_id is distinct from p_users[k.n]
               or k.campaign_id is distinct from (
                   select c.id from campaign c where c.list_id = p_list and c.campaign_key = p_campaigns[k.n]));
        perform take_back_run_out_holds(p_list, v_now);
        select s.available into v_available from stock(p_list, true, v_now) s;
        if v_refused or v_available < v_need then
            return query select p, 'exhausted', null::bigint, null::bigint, null::integer, null::text,
                                null::timestamptz, null::timestamptz, null::text, null::text, false
                         from unnest(v_places) p;
            return;
        end if;
    end if;

    -- First what was given back; fresh codes next; last, what holds that ran out set free.
    for v_given_back in select * from take_returned(p_list, v_need) loop
        v_codes := v_given_back.codes; v_files := v_given_back.files;
        v_ordinals := v_given_back.ordinals; v_turns := v_given_back.turns;
        v_have := cardinality(v_codes);
    end loop;

    if v_have < v_need then
        v_has_disabled := exists (select from disabled d where d.list_id = p_list);
        for v_file in
            select f.file_id, f.added, f.codes_per_block from coupon_file f
            where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
              and f.quarantined_at is null
            order by f.published_at, f.file_id
        loop
            select l.ordinal + 1 into v_next from ledger l
                where l.list_id = p_list and l.file_id = v_file.file_id
                order by l.ordinal desc limit 1;
            v_next := coalesce(v_next, 0);
            while v_have < v_need and v_next < v_file.added loop
                select string_to_array(b.codes, E'\n') into v_block_codes from block b
                    where b.list_id = p_list and b.file_id = v_file.file_id
                      and b.number = (v_next / v_file.codes_per_block)::integer;
                v_in_block := (v_next % v_file.codes_per_block)::integer;
                v_taken_codes := v_block_codes[v_in_block + 1 : v_in_block + v_need - v_have];
                if coalesce(cardinality(v_taken_codes), 0) = 0 then
                    raise exception 'file % of list % has no code at %', v_file.file_id, p_list, v_next;
                end if;
                v_taken_ordinals := array(select generate_series(v_next, v_next + cardinality(v_taken_codes) - 1));
                v_next := v_next + cardinality(v_taken_codes);
                if v_has_disabled then
                    select coalesce(array_agg(t.code order by t.at), '{}'), coalesce(array_agg(t.at order by t.at), '{}')
                        into v_taken_codes, v_taken_ordinals
                        from unnest(v_taken_codes, v_taken_ordinals) t (code, at)
                        where not exists (select from disabled d where d.list_id = p_list
                                          and d.file_id = v_file.file_id and d.ordinal = t.at);
                end if;
                v_codes := v_codes || v_taken_codes;
                v_ordinals := v_ordinals || v_taken_ordinals;
                v_files := v_files || array_fill(v_file.file_id, array[cardinality(v_taken_codes)]);
                v_turns := v_turns || array_fill(0, array[cardinality(v_taken_codes)]);
                v_have := cardinality(v_codes);
            end loop;
            if v_next >= v_file.added then
                v_used_up := v_used_up || v_file.file_id;
            end if;
            exit when v_have >= v_need;
        end loop;
    end if;

    if v_have < v_need and not p_all_or_nothing and take_back_run_out_holds(p_list, v_now) > 0 then
        for v_given_back in select * from take_returned(p_list, v_need - v_have) loop
            v_codes := v_codes || v_given_back.codes; v_files := v_files || v_given_back.files;
            v_ordinals := v_ordinals || v_given_back.ordinals; v_turns := v_turns || v_given_back.turns;
            v_have := cardinality(v_codes);
        end loop;
    end if;

    if v_have > 0 then
        insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, request_id, campaign_key,
                            allocated_at)
            select p_list, t.file, t.ord, t.turn, t.code, t.key, t.usr, t.request, t.campaign, v_now
            from unnest(v_files, v_ordinals, v_turns, v_codes, v_keys[1:v_have], v_users[1:v_have],
                        v_requests[1:v_have], v_campaigns[1:v_have])
                 as t (file, ord, turn, code, key, usr, request, campaign);
        if v_holds is not null then
            insert into hold (list_id, file_id, ordinal, turn, held_until)
                select p_list, t.file, t.ord, t.turn, v_now + make_interval(secs => t.seconds)
                from unnest(v_files, v_ordinals, v_turns, v_holds[1:v_have]) as t (file, ord, turn, seconds)
                where t.seconds is not null;
        end if;
    end if;
    if v_used_up <> '{}' then
        update coupon_file f set used_up = true where f.list_id = p_list and f.file_id = any (v_used_up);
    end if;

    return query
        select v_places[i], case when i <= v_have then 'new' else 'exhausted' end, v_files[i], v_ordinals[i],
               v_turns[i], v_codes[i], case when i <= v_have then v_now end,
               case when i <= v_have then v_now + make_interval(secs => v_holds[i]) end,
               null::text, null::text, false
        from generate_series(1, v_need) i;
end $$;

-- Takes up to `p_most` codes given back, of files that may be handed out, off the pile. One row, or none.
create function take_returned(p_list bigint, p_most integer)
returns table (codes text[], files bigint[], ordinals bigint[], turns integer[])
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    if not exists (select from returned r where r.list_id = p_list) then
        return;
    end if;
    return query
        with chosen as (
            select r.file_id, r.ordinal from returned r
            join coupon_file f on f.list_id = p_list and f.file_id = r.file_id
            where r.list_id = p_list and f.sealed_at is null and f.quarantined_at is null
            limit p_most
        ), taken as (
            delete from returned r using chosen c
            where r.list_id = p_list and r.file_id = c.file_id and r.ordinal = c.ordinal
            returning r.file_id, r.ordinal, r.turn, r.code
        )
        select array_agg(t.code), array_agg(t.file_id), array_agg(t.ordinal), array_agg(t.turn + 1)
        from taken t
        having count(*) > 0;
end $$;

-- Gives hand-outs back to the pool. `outcome`: released (now or before), redeemed (it stays), unknown.
create function release(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
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
            select a.place::integer as place, a.file_id, a.ordinal, a.turn, l.code,
                   exists (select from event e where e.list_id = p_list and e.file_id = a.file_id
                           and e.ordinal = a.ordinal and e.turn = a.turn and e.kind = 'RELEASED') as released,
                   exists (select from event e where e.list_id = p_list and e.file_id = a.file_id
                           and e.ordinal = a.ordinal and e.turn = a.turn and e.kind = 'REDEEMED') as redeemed
            from unnest(p_files, p_ordinals, p_turns) with ordinality as a (file_id, ordinal, turn, place)
            left join ledger l on l.list_id = p_list and l.file_id = a.file_id and l.ordinal = a.ordinal
                              and l.turn = a.turn
        ), going as (
            select distinct on (a.file_id, a.ordinal, a.turn) a.* from asked a
            where a.code is not null and not a.released and not a.redeemed
        ), unheld as (
            delete from hold h using going g
            where h.list_id = p_list and h.file_id = g.file_id and h.ordinal = g.ordinal and h.turn = g.turn
        ), told as (
            insert into event (list_id, file_id, ordinal, turn, kind, at)
            select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', v_now from going g
        ), given_back as (
            insert into returned (list_id, file_id, ordinal, turn, code)
            select p_list, g.file_id, g.ordinal, g.turn, g.code from going g
        )
        select a.place, case when a.code is null then 'unknown' when a.redeemed then 'redeemed' else 'released' end
        from asked a;
end $$;

-- Marks a code that is not handed out (given back, or not reached yet) as never to be handed out. `outcome`:
-- disabled (now or before), handed-out (it stays), absent (no such place).
create function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_now timestamptz;
    v_cursor bigint;
    v_returned boolean;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    perform take_back_run_out_holds(p_list, v_now);
    if exists (select from disabled d where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then
        return 'disabled';
    end if;
    perform 1 from coupon_file f
        where f.list_id = p_list and f.file_id = p_file and f.status = 'SUCCESS' and p_ordinal between 0 and f.added - 1
          and f.sealed_at is null;
    if not found then
        return 'absent';
    end if;
    select l.ordinal into v_cursor from ledger l where l.list_id = p_list and l.file_id = p_file
        order by l.ordinal desc limit 1;
    delete from returned r where r.list_id = p_list and r.file_id = p_file and r.ordinal = p_ordinal;
    v_returned := found;
    if p_ordinal <= v_cursor and not v_returned then
        return 'handed-out';
    end if;
    insert into disabled (list_id, file_id, ordinal, code, at) values (p_list, p_file, p_ordinal, p_code, v_now);
    return 'disabled';
end $$;
