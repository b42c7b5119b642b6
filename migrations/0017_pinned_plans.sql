-- The same functions with plans that cannot go astray. On a partition that has just grown, statistics say that it is
-- small, and then the planner took the list's whole part of the ledger for the shortest way to a thousand keys, and the
-- fingerprints' index for the way to a block. Both ways grow with the list.

create or replace function known_allocations(p_list bigint, p_keys uuid[], p_now timestamptz) returns table (
    n integer, outcome text, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query execute
        'select k.n::integer,
                case when e.released or e.held_until <= $3 then ''released'' else ''repeat'' end,
                l.file_id, l.ordinal, l.turn, l.code, l.allocated_at, e.held_until, l.user_id,
                (select c.id from campaign c where c.list_id = $1 and c.campaign_key = l.campaign_key),
                e.redeemed
         from (
             -- The order leaves the keys'' own index as the only way; the offset keeps the joins out.
             select * from ledger l where l.list_id = $1 and l.request_key = any($2)
             order by l.request_key offset 0
         ) l
         join unnest($2) with ordinality as k (key, n) on k.key = l.request_key
         cross join lateral (
             select coalesce(bool_or(v.kind in (''RELEASED'', ''DISABLED'')), false) as released,
                    coalesce(bool_or(v.kind = ''REDEEMED''), false) as redeemed,
                    (select h.held_until from hold h where h.list_id = $1 and h.file_id = l.file_id
                     and h.ordinal = l.ordinal and h.turn = l.turn) as held_until
             from event v
             where v.list_id = $1 and v.file_id = l.file_id and v.ordinal = l.ordinal and v.turn = l.turn
         ) e'
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
create or replace function allocate(
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

    -- Dynamic, so that each size of array is planned as what it is. The order, with sorts off, leaves the keys' own index
    -- as the only way.
    execute 'select array_agg(k.request_key) from (
                 select l.request_key from ledger l where l.list_id = $1 and l.request_key = any($2)
                 order by l.request_key) k'
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
                -- The first at or after its number, and blocks have no gaps: asked for like this, only the primary key
                -- can answer without a sort.
                select string_to_array(b.codes, E'\n') into v_block_codes from block b
                    where b.list_id = p_list and b.file_id = v_file.file_id
                      and b.number >= (v_next / v_file.codes_per_block)::integer
                    order by b.number limit 1;
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
