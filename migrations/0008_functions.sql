-- Generated from the files in functions/. Do not edit: see README.md.
--
-- Bodies are not looked at until they run: functions call each other in both directions.
set local check_function_bodies = off;

-- One code for each key that has none yet, in one statement and one round trip, for one list or several: the first
-- `p_sizes[1]` keys are of the list `p_lists[1]`, and so on. The lists are in ascending order, and keys differ from one
-- another. `p_requests`, `p_campaigns`, `p_holds` and `p_sent_at` may be null when no key has such.
--   p_list            the first of the lists. Where lists are distributed over machines it says where the call is made, and
--                     there is no other list; statements for one list are written for that
--   p_all_or_nothing  if not all keys can be served, no fresh one is; for one list only
--   p_sent_at         what each message's sender said of its time
--   p_patience        how many milliseconds the statement waits for a gate that is taken: then it fails with
--                     lock_not_available, and nothing was taken. 0: such a list is answered `busy`. Null, for one list only: as
--                     long as the statement may take. Gates are waited for in the order of their lists, and nothing else is
--                     held meanwhile, so that no two calls wait for each other.
--   p_server_started_at
--                     when the server was started whose lineage the caller has checked (`check_lineage`): on another one the
--                     statement fails with CP001, and nothing was taken. Null: not asked
--
-- Known keys are looked up before the gate, so that the next call does so while this one holds it. A key that another call
-- inserts meanwhile violates the keys' unique index, or is found before a key is refused: then the whole statement fails
-- with unique_violation, nothing was taken, and the caller asks again.
--
-- Answers one row:
--   states        of each list: active, inactive (archived or expired), busy, or known: every key of it was
--   served        for each list, how many of its keys that had no code got one now: the first ones. If others are left of an
--                 active list, it is exhausted
--   known         the places (from 1) of keys that the ledger had before, or null: `known_allocations` tells the rest
--   codes, files, ordinals, turns
--                 what those got that are counted in `served`, in their order
--   allocated_at  the instant of all of it
create or replace function allocate(
    p_list bigint, p_lists bigint[], p_sizes integer[], p_keys uuid[], p_users text[], p_requests text[], p_campaigns uuid[],
    p_holds integer[], p_all_or_nothing boolean, p_patience integer, p_sent_at timestamptz[] default null,
    p_server_started_at timestamptz default null
) returns table (
    states allocate_state[], served integer[], known integer[], codes text[], files bigint[], ordinals bigint[],
    turns integer[], allocated_at timestamptz
)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_is_one constant boolean := cardinality(p_lists) = 1;
    v_list bigint;
    v_key uuid;
    v_from integer;
    v_to integer := 0;
    v_need integer;
    v_have integer;
    v_want integer;
    v_key_lists bigint[];
    -- Those to be served one by one.
    v_lists bigint[] := p_lists;
    v_needs integer[] := p_sizes;
    v_gates gate[];
    v_gate gate;
    -- What next_codes() chose, and where the codes of the next list begin there.
    v_plain_lists bigint[];
    v_plain_codes text[];
    v_plain_files bigint[];
    v_plain_ordinals bigint[];
    v_plain_at integer := 1;
    v_places integer[];
    v_before integer;
    v_skip_to bigint;
    v_file bigint;
    v_added bigint;
    v_per_block integer;
    v_after_at timestamptz;
    v_next bigint;
    v_first integer;
    v_block text;
    v_in_block integer;
    v_taken_codes text[];
    v_taken_ordinals bigint[];
    v_chosen record;
    v_back_files bigint[];
    v_back_ordinals bigint[];
    v_back_turns integer[];
    v_back_places bigint[];
    v_held_files bigint[];
    v_held_ordinals bigint[];
    v_held_turns integer[];
    v_used_up bigint[] := '{}';
    v_used_up_before integer;
    v_row_lists bigint[] := '{}';
    v_keys uuid[] := p_keys;
    v_users text[] := p_users;
    v_requests text[] := p_requests;
    v_campaigns uuid[] := p_campaigns;
    v_holds integer[] := p_holds;
    v_sent_at timestamptz[] := p_sent_at;
    -- Up to so many codes, to cut each out of the block's text takes less time than to split all of it.
    v_few constant integer := 6;
begin
    -- Known keys. For one list apart: a list that is known before the statement begins is one partition for its plan, one
    -- that comes with each key is sixteen.
    if v_is_one and cardinality(p_keys) = 1 then
        v_key := p_keys[1];
        select '{1}'::integer[] into known from ledger l
            where l.list_id = p_list and l.request_key >= v_key and l.request_key <= v_key order by l.request_key limit 1;
    elsif v_is_one then
        select array_agg(k.place::integer) into known
            from unnest(p_keys) with ordinality as k (key, place)
            cross join lateral (
                select from ledger l
                where l.list_id = p_list and l.request_key >= k.key and l.request_key <= k.key
                order by l.request_key limit 1
            ) l;
    else
        v_key_lists := array(select t.list_id from unnest(p_lists, p_sizes) t (list_id, size), generate_series(1, t.size));
        select array_agg(k.place::integer) into known
            from unnest(v_key_lists, p_keys) with ordinality as k (list_id, key, place)
            cross join lateral (
                select from ledger l
                where l.list_id = k.list_id and l.request_key >= k.key and l.request_key <= k.key
                order by l.request_key limit 1
            ) l;
    end if;

    if cardinality(known) = cardinality(p_keys) then
        -- A retry waits for no gate.
        return query select array_fill('known'::allocate_state, array[cardinality(p_lists)]),
                            array_fill(0, array[cardinality(p_lists)]),
                            known, '{}'::text[], '{}'::bigint[], '{}'::bigint[], '{}'::integer[], clock_timestamp();
        return;
    end if;

    if p_server_started_at <> pg_postmaster_start_time() then
        raise exception 'the lineage of this server has not been checked' using errcode = 'CP001';
    end if;

    -- The gates and what they know; and the clock, after them.
    if v_is_one and p_patience is null then
        select * into v_gate from gate g where g.list_id = p_list for no key update;
        if not found then
            raise exception 'list % has no gate', p_list;
        end if;
        v_gates := array[v_gate];
    elsif p_patience = 0 then
        v_gates := array(select g from gate g where g.list_id = any (p_lists) order by g.list_id for no key update skip locked);
    else
        if p_patience is not null then
            perform set_config('lock_timeout', p_patience::text, true);
        end if;
        v_gates := array(select g from gate g where g.list_id = any (p_lists) order by g.list_id for no key update);
        if cardinality(v_gates) < cardinality(p_lists) then
            raise exception 'of the lists % one has no gate', p_lists;
        end if;
    end if;
    v_now := clock_timestamp();

    -- How many codes each list is to give.
    if known is not null then
        v_needs := array(
            select t.size - (select count(*) from unnest(known) k where k > t.upto - t.size and k <= t.upto)::integer
            from (select s.place, s.size, sum(s.size) over (order by s.place) as upto
                  from unnest(p_sizes) with ordinality as s (size, place)) t
            order by t.place);
    end if;

    -- What nearly all lists need, of all of them at once.
    states := '{}'; served := '{}'; codes := '{}'; files := '{}'; ordinals := '{}'; turns := '{}'; allocated_at := v_now;
    if cardinality(p_lists) > 1 and p_patience > 0 then
        select p.lists, p.codes, p.files, p.ordinals
            into v_plain_lists, v_plain_codes, v_plain_files, v_plain_ordinals
            from next_codes(v_gates, v_needs, v_now) p;
        if cardinality(v_plain_codes) = (select sum(n) from unnest(v_needs) n) then
            states := array(select case when n = 0 then 'known' else 'active' end::allocate_state from unnest(v_needs) n);
            served := v_needs;
            codes := v_plain_codes; files := v_plain_files; ordinals := v_plain_ordinals; v_row_lists := v_plain_lists;
            turns := array_fill(0, array[cardinality(codes)]);
            v_lists := '{}';
        end if;
    end if;

    v_to := 0;
    for v_i in 1 .. cardinality(v_lists) loop
        -- What the list has to serve.
        v_list := v_lists[v_i];
        v_from := v_to + 1;
        v_to := v_to + p_sizes[v_i];
        v_need := v_needs[v_i];
        v_have := 0;
        if p_patience = 0 then
            select * into v_gate from unnest(v_gates) g where g.list_id = v_list;
        else
            v_gate := v_gates[v_i];
        end if;
        if v_need = 0 then
            states := states || 'known'::allocate_state;
        elsif v_gate.list_id is null then
            states := states || 'busy'::allocate_state;
            v_need := 0;
        elsif not v_gate.is_active or v_gate.expires_at <= v_now then
            states := states || 'inactive'::allocate_state;
            perform none_is_known(v_list, p_keys[v_from:v_to], known, v_from);
            v_need := 0;
        else
            states := states || 'active'::allocate_state;
        end if;

        if p_all_or_nothing and v_need > 0 and known is not null
            and known_is_refused(v_list, p_keys, p_users, p_campaigns, v_now)
        then
            perform none_is_known(v_list, p_keys[v_from:v_to], known, v_from);
            v_need := 0;
        end if;

        -- Codes are chosen first and taken afterwards. First what was given back.
        v_before := cardinality(codes);
        v_used_up_before := cardinality(v_used_up);
        v_back_files := null;
        v_held_files := null;
        if v_plain_lists[v_plain_at] = v_list then
            codes := codes || v_plain_codes[v_plain_at : v_plain_at + v_need - 1];
            files := files || v_plain_files[v_plain_at : v_plain_at + v_need - 1];
            ordinals := ordinals || v_plain_ordinals[v_plain_at : v_plain_at + v_need - 1];
            turns := turns || array_fill(0, array[v_need]);
            v_plain_at := v_plain_at + v_need;
            v_have := v_need;
        end if;
        if v_have < v_need and v_gate.has_returned then
            select * into v_chosen from choose_returned(v_list, v_need);
            if v_chosen.codes is not null then
                codes := codes || v_chosen.codes; files := files || v_chosen.files;
                ordinals := ordinals || v_chosen.ordinals; turns := turns || v_chosen.turns;
                v_have := cardinality(v_chosen.codes);
                v_back_files := v_chosen.files; v_back_ordinals := v_chosen.ordinals; v_back_turns := v_chosen.turns;
                v_back_places := v_chosen.places;
            end if;
        end if;

        -- Fresh codes next, file by file, block by block. All of it stands here: it is what a call spends its time with, and
        -- each call of another function would add to that.
        v_file := null;
        while v_have < v_need loop
            -- The next file that has some: at first the one that the gate names.
            if v_file is null then
                v_file := v_gate.file_id; v_added := v_gate.added; v_per_block := v_gate.codes_per_block;
            else
                select f.published_at into v_after_at from coupon_file f where f.list_id = v_list and f.file_id = v_file;
                select f.file_id, f.added, f.codes_per_block into v_file, v_added, v_per_block
                    from coupon_file f
                    where f.list_id = v_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
                      and f.quarantined_at is null and (f.published_at, f.file_id) > (v_after_at, v_file)
                    order by f.published_at, f.file_id limit 1;
            end if;
            exit when v_file is null;
            -- Where it stands, and the block there: the first at or after its number, and blocks have no gaps.
            select l.ordinal + 1 into v_next from ledger l
                where l.list_id = v_list and l.file_id = v_file order by l.ordinal desc limit 1;
            v_next := coalesce(v_next, 0);
            v_first := (v_next / v_per_block)::integer;
            select b.codes into v_block from block b
                where b.list_id = v_list and b.file_id = v_file and b.number >= v_first order by b.number limit 1;
            while v_have < v_need and v_next < v_added loop
                if v_gate.has_disabled then
                    -- Over all that were disabled here in a row, by one probe. So each round yields a code or ends the file.
                    select r.last + 1 into v_skip_to from disabled_run r
                        where r.list_id = v_list and r.file_id = v_file and r.first <= v_next
                        order by r.first desc limit 1;
                    if v_skip_to > v_next then
                        if v_skip_to / v_per_block <> v_next / v_per_block then
                            v_block := null;
                        end if;
                        v_next := v_skip_to;
                        exit when v_next >= v_added;
                    end if;
                end if;
                if v_block is null then
                    v_first := (v_next / v_per_block)::integer;
                    select b.codes into v_block from block b
                        where b.list_id = v_list and b.file_id = v_file and b.number >= v_first order by b.number limit 1;
                end if;
                v_in_block := (v_next % v_per_block)::integer;
                v_want := least(v_need - v_have, v_per_block - v_in_block, v_added - v_next);
                if v_want = 1 then
                    v_taken_codes := array[split_part(v_block, E'\n', v_in_block + 1)];
                elsif v_want <= v_few then
                    v_taken_codes := array(select split_part(v_block, E'\n', v_in_block + n)
                                           from generate_series(1, v_want) n);
                else
                    v_taken_codes := (string_to_array(v_block, E'\n'))[v_in_block + 1 : v_in_block + v_want];
                end if;
                if v_block is null or cardinality(v_taken_codes) <> v_want or v_taken_codes[v_want] = '' then
                    raise exception 'file % of list % lacks a code at %', v_file, v_list, v_next;
                end if;
                v_block := null;
                v_taken_ordinals := case when v_want = 1 then array[v_next]
                                         else array(select generate_series(v_next, v_next + v_want - 1)) end;
                v_next := v_next + v_want;
                if v_gate.has_disabled then
                    select coalesce(array_agg(t.code order by t.at), '{}'), coalesce(array_agg(t.at order by t.at), '{}')
                        into v_taken_codes, v_taken_ordinals
                        from unnest(v_taken_codes, v_taken_ordinals) t (code, at)
                        where not exists (select from disabled d where d.list_id = v_list
                                          and d.file_id = v_file and d.ordinal = t.at);
                    v_want := cardinality(v_taken_codes);
                end if;
                codes := codes || v_taken_codes;
                ordinals := ordinals || v_taken_ordinals;
                files := files || array_fill(v_file, array[v_want]);
                turns := turns || array_fill(0, array[v_want]);
                v_have := v_have + v_want;
            end loop;
            if v_next >= v_added then
                v_used_up := v_used_up || v_file;
            end if;
        end loop;

        -- Last, what holds that ran out set free.
        if v_have < v_need then
            select * into v_chosen from choose_run_out_holds(v_list, v_now, v_need - v_have, true);
            if v_chosen.codes is not null then
                codes := codes || v_chosen.codes; files := files || v_chosen.files;
                ordinals := ordinals || v_chosen.ordinals;
                turns := turns || array(select t + 1 from unnest(v_chosen.turns) t);
                v_have := v_have + cardinality(v_chosen.codes);
                v_held_files := v_chosen.files; v_held_ordinals := v_chosen.ordinals; v_held_turns := v_chosen.turns;
            end if;
        end if;
        if v_have < v_need then
            perform none_is_known(v_list, p_keys[v_from:v_to], known, v_from);
        end if;
        -- All, as many as there are, or none.
        if v_have < v_need and p_all_or_nothing then
            codes := codes[1:v_before]; files := files[1:v_before]; ordinals := ordinals[1:v_before];
            turns := turns[1:v_before]; v_used_up := v_used_up[1:v_used_up_before];
            v_have := 0;
        else
            if v_back_files is not null then
                perform pass_returned(v_list, v_back_files, v_back_ordinals, v_back_turns, v_back_places);
            end if;
            if v_held_files is not null then
                perform end_holds(v_list, v_held_files, v_held_ordinals, v_held_turns);
            end if;
        end if;
        served := served || v_have;
        v_row_lists := v_row_lists || array_fill(v_list, array[v_have]);
    end loop;
    return next;

    -- The ledger.
    if codes = '{}' then
        return;
    end if;
    if cardinality(codes) < cardinality(p_keys) then
        v_places := places_served(p_sizes, served, known);
        select array_agg(t.key order by t.place), array_agg(t.usr order by t.place), array_agg(t.request order by t.place),
               array_agg(t.campaign order by t.place), array_agg(t.hold order by t.place),
               array_agg(t.sent_at order by t.place)
            into v_keys, v_users, v_requests, v_campaigns, v_holds, v_sent_at
            from unnest(p_keys, p_users, p_requests, p_campaigns, p_holds, p_sent_at) with ordinality
                 as t (key, usr, request, campaign, hold, sent_at, place)
            where t.place = any (v_places);
    end if;
    if cardinality(codes) = 1 then
        v_list := v_row_lists[1];
        insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, request_id, campaign_key, allocated_at,
                            campaign_sent_at)
            values (v_list, files[1], ordinals[1], turns[1], codes[1], v_keys[1], v_users[1], v_requests[1],
                    v_campaigns[1], v_now, v_sent_at[1]);
    else
        -- The arrays side by side: in the target list that is a third less work than `unnest` of all of them in `from`. Where
        -- an array is null or ended, there are nulls.
        insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, request_id, campaign_key, allocated_at,
                            campaign_sent_at)
            select unnest(v_row_lists), unnest(files), unnest(ordinals), unnest(turns), unnest(codes), unnest(v_keys),
                   unnest(v_users), unnest(v_requests), unnest(v_campaigns), v_now, unnest(v_sent_at);
    end if;
    if v_holds is not null then
        insert into hold (list_id, file_id, ordinal, turn, held_until)
            select t.list, t.file, t.ord, t.turn, v_now + make_interval(secs => t.seconds)
            from unnest(v_row_lists, files, ordinals, turns, v_holds) as t (list, file, ord, turn, seconds)
            where t.seconds is not null;
    end if;
    if v_used_up <> '{}' and v_is_one then
        update coupon_file f set used_up = true where f.list_id = p_list and f.file_id = any (v_used_up);
        perform note_at_gate(p_list);
    elsif v_used_up <> '{}' then
        for v_list in
            update coupon_file f set used_up = true where f.list_id = any (p_lists) and f.file_id = any (v_used_up)
            returning f.list_id
        loop
            perform note_at_gate(v_list);
        end loop;
    end if;
end $$;

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

-- All hand-outs of a list to a user. Between `p_first_key` and `p_last_key` are the request keys of the user's requests
-- without an id; those with an id have an index of their own.
--
-- In the order of each index, and without sorts: statistics of an empty table would choose the primary key, and a walk over
-- the whole list.
create or replace function allocations_of_user(p_list bigint, p_user text, p_first_key uuid, p_last_key uuid)
returns table (file_id bigint, ordinal bigint, turn integer, campaign_key uuid)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query
        select l.file_id, l.ordinal, l.turn, l.campaign_key from ledger l
        where l.list_id = p_list and l.request_key between p_first_key and p_last_key
          and l.user_id = p_user and l.request_id is null
        order by l.request_key;
    return query
        select l.file_id, l.ordinal, l.turn, l.campaign_key from ledger l
        where l.list_id = p_list and hashtextextended(l.user_id, 0) = hashtextextended(p_user, 0)
          and l.user_id = p_user and l.request_id is not null
        order by l.list_id, hashtextextended(l.user_id, 0);
end $$;

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

-- What the ledger knows of these keys, each by its place in the array; `released` when the code was given back or its
-- hold ran out. A code that was disabled after it had been handed out is no longer its key's: another try is a new key.
-- `p_now` null: now.
create or replace function known_allocations(p_list bigint, p_keys uuid[], p_now timestamptz default null) returns table (
    n integer, released boolean, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query execute
        'select k.n::integer,
                e.released or coalesce(e.held_until <= $3, false),
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
        using p_list, p_keys, coalesce(p_now, clock_timestamp());
end $$;

-- Whether one of the keys that the ledger has is not to be served again: its code was given back, or it was another
-- user's or campaign's. Where it is all or nothing, the keys that are not known get no code then.
create or replace function known_is_refused(
    p_list bigint, p_keys uuid[], p_users text[], p_campaigns uuid[], p_now timestamptz
) returns boolean
language plpgsql stable
as $$
declare
    v_known record;
    v_campaign text;
begin
    for v_known in
        select k.n, k.released, k.user_id, k.campaign_id from known_allocations(p_list, p_keys, p_now) k
    loop
        select c.id into v_campaign from campaign c where c.list_id = p_list and c.campaign_key = p_campaigns[v_known.n];
        if v_known.released or v_known.user_id is distinct from p_users[v_known.n]
           or v_known.campaign_id is distinct from v_campaign then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- A page of hand-outs, in the order of file, ordinal and turn, after the one given. Every filter may be null; of a user come
-- the bounds of the user's request keys, as `allocations_of_user` wants them. The times bound what has to be read, of a list or
-- a file, and are for the caller to compare.
create or replace function ledger_page(
    p_list bigint, p_file bigint, p_user text, p_first_key uuid, p_last_key uuid, p_campaign text, p_from timestamptz,
    p_until timestamptz, p_after_file bigint, p_after_ordinal bigint, p_after_turn integer, p_limit integer
) returns table (file_id bigint, ordinal bigint, turn integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_campaigns uuid[];
begin
    if p_user is not null then
        -- A person has few.
        v_campaigns := array(select c.campaign_key from campaign c where c.list_id = p_list and c.id = p_campaign);
        return query
            select l.file_id, l.ordinal, l.turn from allocations_of_user(p_list, p_user, p_first_key, p_last_key) l
            where (p_file is null or l.file_id = p_file) and (p_campaign is null or l.campaign_key = any (v_campaigns))
              and (l.file_id, l.ordinal, l.turn) > (p_after_file, p_after_ordinal, p_after_turn)
            order by l.file_id, l.ordinal, l.turn limit p_limit;
    elsif p_campaign is not null then
        -- Each description of the campaign is a run in the index; a page is the first rows of the runs together.
        return query execute
            'select r.file_id, r.ordinal, r.turn
             from (select c.campaign_key from campaign c where c.list_id = $1 and c.id = $3) c
             cross join lateral (
                 select l.file_id, l.ordinal, l.turn from ledger l
                 where l.list_id = $1 and l.campaign_key = c.campaign_key and ($2 is null or l.file_id = $2)
                   and (l.file_id, l.ordinal, l.turn) > ($4, $5, $6)
                 order by l.file_id, l.ordinal, l.turn limit $7
             ) r
             order by r.file_id, r.ordinal, r.turn limit $7'
            using p_list, p_file, p_campaign, p_after_file, p_after_ordinal, p_after_turn, p_limit;
    elsif p_from is not null or p_until is not null then
        return query select l.file_id, l.ordinal, l.turn
            from ledger_page_between(p_list, p_file, p_from, p_until, p_after_file, p_after_ordinal, p_after_turn, p_limit) l;
    elsif p_file is not null then
        return query execute
            'select l.file_id, l.ordinal, l.turn from ledger l
             where l.list_id = $1 and l.file_id = $2 and (l.ordinal, l.turn) > ($3, $4)
             order by l.ordinal, l.turn limit $5'
            using p_list, p_file, case when p_after_file < p_file then -1 else p_after_ordinal end,
                  case when p_after_file < p_file then -1 else p_after_turn end, p_limit;
    else
        return query execute
            'select l.file_id, l.ordinal, l.turn from ledger l
             where l.list_id = $1 and (l.file_id, l.ordinal, l.turn) > ($2, $3, $4)
             order by l.file_id, l.ordinal, l.turn limit $5'
            using p_list, p_after_file, p_after_ordinal, p_after_turn, p_limit;
    end if;
end $$;

-- A page of the hand-outs from one instant to another, in the order of file, ordinal and turn, after the one given; either
-- instant may be null. Of a file the fresh ones are a range of ordinals. Those handed out again lie among others, and have an index
-- of their own: they come whenever they were handed out, for the caller to compare, so that a page reads no more than it has rows.
create or replace function ledger_page_between(
    p_list bigint, p_file bigint, p_from timestamptz, p_until timestamptz, p_after_file bigint, p_after_ordinal bigint,
    p_after_turn integer, p_limit integer
) returns table (file_id bigint, ordinal bigint, turn integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_file record;
    v_end bigint;
    v_low bigint;
    v_high bigint;
    v_left integer := p_limit;
    v_rows integer;
begin
    for v_file in
        select f.file_id from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0 and f.file_id >= p_after_file
          and (p_file is null or f.file_id = p_file)
        order by f.file_id
    loop
        select l.ordinal + 1 into v_end from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_end is null;
        v_low := case when p_from is null then 0 else first_since(p_list, v_file.file_id, 0, v_end, p_from) end;
        v_high := case when p_until is null then v_end else first_since(p_list, v_file.file_id, v_low, v_end, p_until) end;
        return query execute
            'select r.file_id, r.ordinal, r.turn from (
                 (select l.file_id, l.ordinal, l.turn from ledger l
                  where l.list_id = $1 and l.file_id = $2 and l.ordinal >= $3 and l.ordinal < $4 and l.turn = 0
                    and (l.ordinal, l.turn) > ($5, $6)
                  order by l.ordinal, l.turn limit $7)
                 union all
                 (select l.file_id, l.ordinal, l.turn from ledger l
                  where l.list_id = $1 and l.file_id = $2 and l.turn > 0 and (l.ordinal, l.turn) > ($5, $6)
                  order by l.ordinal, l.turn limit $7)
             ) r order by r.ordinal, r.turn limit $7'
            using p_list, v_file.file_id, v_low, v_high,
                  case when p_after_file < v_file.file_id then -1 else p_after_ordinal end,
                  case when p_after_file < v_file.file_id then -1 else p_after_turn end, v_left;
        get diagnostics v_rows = row_count;
        v_left := v_left - v_rows;
        exit when v_left <= 0;
    end loop;
end $$;

-- Which of these lists gave this person a code, or have given one for the request whose key comes; of each come the bounds of the
-- person's request keys too, as `allocations_of_user` wants them. `n` is the list's place.
create or replace function lists_with(
    p_lists bigint[], p_user text, p_first_keys uuid[], p_last_keys uuid[], p_request_keys uuid[]
) returns table (n integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    for v_i in 1 .. cardinality(p_lists) loop
        perform 1 from ledger l where l.list_id = p_lists[v_i] and l.request_key = p_request_keys[v_i];
        if not found then
            perform 1 from allocations_of_user(p_lists[v_i], p_user, p_first_keys[v_i], p_last_keys[v_i]) limit 1;
        end if;
        if found then
            n := v_i;
            return next;
        end if;
    end loop;
end $$;

-- Fails if one of the keys is in the ledger, but for those at the places `p_known` of a call, where these keys begin at
-- `p_from`: it came there after it was looked up.
create or replace function none_is_known(p_list bigint, p_keys uuid[], p_known integer[], p_from integer) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan
as $$
begin
    if exists (
        select from unnest(p_keys) with ordinality as k (key, place)
        cross join lateral (
            select from ledger l
            where l.list_id = p_list and l.request_key >= k.key and l.request_key <= k.key
            order by l.request_key limit 1
        ) l
        where p_known is null or p_from + k.place - 1 <> all (p_known)
    ) then
        raise exception 'a request key has come meanwhile' using errcode = 'unique_violation';
    end if;
end $$;

-- The places (from 1) of the keys that get a code, where not all do: of each list the first that are not known, as many as
-- were served.
create or replace function places_served(p_sizes integer[], p_served integer[], p_known integer[]) returns integer[]
language plpgsql immutable
as $$
begin
    return array(
        select p.place
        from unnest(p_sizes, p_served) with ordinality as t (size, served, list_place)
        cross join lateral (
            select (sum(s.size) - t.size)::integer as before
            from unnest(p_sizes) with ordinality as s (size, list_place) where s.list_place <= t.list_place
        ) b
        cross join lateral (
            select b.before + n as place from generate_series(1, t.size) n
            where p_known is null or b.before + n <> all (p_known)
            order by n limit t.served
        ) p
        order by p.place);
end $$;

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

-- Does what was asked for to some hand-outs that the filter took, notes how far it has come, and ends it after the last ones
-- (`p_after_file` null). Those that stand no more as they did, and those that there is nothing to do to, stay as they are. False if
-- the job is someone else's by now, or the action has ended.
create or replace function carry_on_bulk_action(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_bulk_action bigint, p_files bigint[], p_ordinals bigint[],
    p_turns integer[], p_after_file bigint, p_after_ordinal bigint, p_after_turn integer
) returns boolean
language plpgsql volatile as $$
declare
    v_action text;
    v_hand_out text;
    v_standing record;
    v_one record;
    v_changed bigint;
    v_now timestamptz;
begin
    -- The gate before the job, as by everything that locks both.
    perform 1 from gate g where g.list_id = p_list for no key update;
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    select b.action, b.hand_out into v_action, v_hand_out from bulk_action b
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action and b.status = 'PENDING' for no key update;
    if not found then
        return false;
    end if;
    v_now := clock_timestamp();
    select array_agg(s.file_id) as files, array_agg(s.ordinal) as ordinals, array_agg(s.turn) as turns,
           array_agg(s.code) as codes, count(*) as count
        into v_standing from allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s
        where (s.status = 'HELD' or s.status = 'ALLOCATED' and v_action <> 'CONFIRM')
          -- The filter was asked before the gate: a hold may have been confirmed since.
          and (v_hand_out is null or s.status = v_hand_out);
    v_changed := v_standing.count;
    if v_changed > 0 then
        if v_action = 'CONFIRM' then
            perform confirm(p_list, v_standing.files, v_standing.ordinals, v_standing.turns);
        elsif v_action = 'RELEASE' then
            perform release(p_list, v_standing.files, v_standing.ordinals, v_standing.turns);
        else
            for v_one in
                select * from unnest(v_standing.files, v_standing.ordinals, v_standing.codes) s (file_id, ordinal, code)
            loop
                perform disable(p_list, v_one.file_id, v_one.ordinal, v_one.code);
            end loop;
        end if;
    end if;
    update bulk_action b
        set matched = b.matched + coalesce(cardinality(p_files), 0), changed = b.changed + v_changed,
            after_file = p_after_file, after_ordinal = p_after_ordinal, after_turn = p_after_turn,
            status = case when p_after_file is null then 'DONE' else 'PENDING' end,
            ended_at = case when p_after_file is null then v_now end
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action;
    if p_after_file is null then
        perform end_job(p_job, p_attempt, p_owner, v_now);
    end if;
    return true;
end $$;

-- Ends an action that cannot be done to its end; what it has changed stays changed.
create or replace function fail_bulk_action(p_list bigint, p_bulk_action bigint, p_failure text) returns void
language sql volatile as $$
    update bulk_action b set status = 'FAILED', failure = p_failure, ended_at = clock_timestamp()
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action and b.status = 'PENDING';
$$;

-- Asks for an action on all hand-outs that the filter takes. Answers from when on no hand-out is taken any more.
create or replace function request_bulk_action(
    p_list bigint, p_public_id bytea, p_action text, p_file bytea, p_user text, p_campaign text, p_hand_out text,
    p_from timestamptz, p_until timestamptz
) returns timestamptz
language plpgsql volatile as $$
declare
    v_id bigint;
    v_until timestamptz := least(p_until, clock_timestamp());
begin
    insert into bulk_action (list_id, public_id, action, file, user_id, campaign_id, hand_out, from_at, until_at)
        values (p_list, p_public_id, p_action, p_file, p_user, p_campaign, p_hand_out, p_from, v_until)
        returning bulk_action_id into v_id;
    insert into job (kind, list_id, payload) values ('bulk_action', p_list, jsonb_build_object('bulk_action_id', v_id));
    return v_until;
end $$;

-- Adds an ordinal to the ranges, and joins those that then touch; the caller holds the gate and has seen that it is not
-- in one.
create or replace function add_to_disabled_run(p_list bigint, p_file bigint, p_ordinal bigint) returns void
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
    perform 1 from gate g where g.list_id = p_list and not g.has_disabled;
    if found then
        perform note_at_gate(p_list);
    end if;
end $$;

-- Some blocks of a file from a number on. A function for its plan settings: the order leaves the primary key as the only
-- way, whatever the statistics of a fresh partition say.
create or replace function blocks_from(p_list bigint, p_file bigint, p_first integer, p_most integer)
returns table (number integer, codes text)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query
        select b.number, b.codes from block b
        where b.list_id = p_list and b.file_id = p_file and b.number >= p_first
        order by b.number limit p_most;
end $$;

-- All that is known of a code at a place: where it comes from and what became of it. `history` is an array of
-- {"at": microseconds since 1970, "event"}; `turn` is the last hand-out's, or null; `status` is null for a code that
-- does not exist (any more).
create or replace function code_passport(p_list bigint, p_file bigint, p_ordinal bigint) returns table (
    file_public_id bytea, file_name text, file_created_by text, turn integer, status code_status, history jsonb,
    redemption jsonb, redeemed_at timestamptz
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_file coupon_file;
    v_active boolean;
    v_turn integer;
    v_status code_status;
    v_event record;
begin
    select * into v_file from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is not null then
        select nullif(s.status, 'RELEASED') into v_status
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    end if;
    if v_status is null then
        v_status := case
            when exists (select from disabled d
                         where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then 'DISABLED'
            when v_file.sealed_at is not null or not v_active then null
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

-- Which of these codes (with their fingerprints) some runs hold, by place from 1. A run is a file, its codes that still
-- exist and its block size; codes beyond are gone even while their block is on disk. Two blocks may share a fingerprint
-- at their border, so a probe that hits a block's first fingerprint reads the block before it too.
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

-- Makes sure that a code is not handed out (again), whoever has it. Answers disabled (now or before), redeemed (it
-- stays), absent (no such place, or the code went with its list or file before it was disabled).
create or replace function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns disable_outcome
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

-- Where a code of a list is, if the list has or had it. Runs of sealed files end at their seals.
create or replace function find_code(p_list bigint, p_fingerprint bigint, p_code text)
returns table (file_id bigint, ordinal bigint)
language plpgsql stable as $$
declare
    v_runs record;
begin
    select array_agg(f.file_id) as files, array_agg(coalesce(f.sealed_at + 1, f.added)) as counts,
           array_agg(f.codes_per_block) as codes_per_block
        into v_runs
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and coalesce(f.sealed_at + 1, f.added) > 0;
    if v_runs.files is not null then
        return query
            select c.file_id, c.ordinal
            from codes_in_runs(p_list, v_runs.files, v_runs.counts, v_runs.codes_per_block, array[p_fingerprint],
                               array[p_code]) c
            limit 1;
    end if;
end $$;

-- The same for several lists; of each its fingerprint of the code. `n` is the list's place.
create or replace function find_code_in_lists(p_lists bigint[], p_fingerprints bigint[], p_code text)
returns table (n integer, file_id bigint, ordinal bigint)
language plpgsql stable as $$
begin
    for v_i in 1 .. cardinality(p_lists) loop
        return query select v_i, f.file_id, f.ordinal from find_code(p_lists[v_i], p_fingerprints[v_i], p_code) f;
    end loop;
end $$;

-- Notes that a code was used, once. `p_detail` holds `redemption_id` (or not) and what the shop has to say. Answers
--   redeemed (now, or before with the same redemption_id); already; not-redeemable (held, given back, disabled, never
--   handed out)
create or replace function redeem(p_list bigint, p_file bigint, p_ordinal bigint, p_detail jsonb) returns redeem_outcome
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
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
        return case when v_before ->> 'redemption_id' = p_detail ->> 'redemption_id' then 'redeemed' else 'already' end;
    elsif v_status <> 'ALLOCATED' then
        return 'not-redeemable';
    end if;
    insert into event (list_id, file_id, ordinal, turn, kind, at, detail)
        values (p_list, p_file, p_ordinal, v_turn, 'REDEEMED', v_now, p_detail);
    return 'redeemed';
end $$;

-- Disabled codes of files that are gone, which a later file must not bring again, page by page in the order of file and
-- ordinal. What was passed over or handed out before the seal is in the file's run and is refused with it.
create or replace function refused_codes(p_list bigint, p_after_file bigint, p_after_ordinal bigint, p_most integer)
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

-- A file to be loaded, and the job that loads it, whose payload says whether it is a dry run, and the request's
-- `traceparent` if it was traced. Answers the file, or null if
-- the list takes none.
create or replace function add_file(
    p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text, p_callback_url text,
    p_payload jsonb
) returns bigint
language plpgsql volatile as $$
declare
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    perform 1 from coupon_list c
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > clock_timestamp();
    if not found then
        return null;
    end if;
    insert into coupon_file (list_id, public_id, name, file_url, created_by, callback_url, credentials_in_clear,
                             dry_run)
        values (p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url,
                p_payload ->> 'username' is not null and coalesce(p_payload ->> 'url' like 'http://%', false),
                coalesce((p_payload ->> 'dry_run')::boolean, false))
        returning file_id into v_file;
    insert into job (kind, list_id, file_id, payload, traceparent)
        values ('load_file', p_list, v_file, p_payload - 'traceparent', p_payload ->> 'traceparent');
    return v_file;
end $$;

-- A file, once for each key (null: no key). Answers the file, `p_public_id` or what the key made before, or why there
-- is none.
create or replace function add_file_once(
    p_key text, p_hash bytea, p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text,
    p_callback_url text, p_payload jsonb, out made bytea, out refusal add_file_refusal
)
language plpgsql volatile as $$
declare
    v_workspace bigint;
begin
    made := p_public_id;
    select c.workspace_id into v_workspace from coupon_list c where c.list_id = p_list;
    if p_key is not null then
        made := take_idempotency_key(v_workspace, 'upload_file', p_key, p_hash, p_public_id);
        if made is distinct from p_public_id then
            refusal := case when made is null then 'key-reused' end;
            return;
        end if;
    end if;
    if add_file(p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url, p_payload) is null then
        refusal := 'list-not-active';
        -- A request that came to nothing may be mended and sent again.
        delete from idempotent_request r
            where r.workspace_id = v_workspace and r.operation = 'upload_file' and r.key = p_key;
    end if;
end $$;

-- Keeps the first `p_codes` codes of a block; the seal of its file goes through it, and nobody reads beyond that.
create or replace function cut_block(p_list bigint, p_file bigint, p_number integer, p_codes integer) returns void
language plpgsql volatile as $$
declare
    v_codes text;
begin
    select b.codes into v_codes from block b where b.list_id = p_list and b.file_id = p_file and b.number = p_number;
    v_codes := array_to_string((string_to_array(v_codes, E'\n'))[1 : p_codes], E'\n');
    update block b set codes = v_codes where b.list_id = p_list and b.file_id = p_file and b.number = p_number;
end $$;

-- Takes away a file's free codes, or stops its load. Answers false if there is no such file (any more).
create or replace function delete_file(p_list bigint, p_public_id bytea) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    -- Only this function deletes, so nothing changes the answer while the gate is held.
    select f.file_id into v_file from coupon_file f
        where f.list_id = p_list and f.public_id = p_public_id and f.deleted_at is null;
    if v_file is null then
        return false;
    end if;
    v_now := clock_timestamp();
    update job j set state = 'done', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null, last_error = 'file deleted'
        where j.list_id = p_list and j.file_id = v_file and j.state in ('ready', 'running');
    -- After its job: a worker that is keeping a piece has had to wait for the end of that, and keeps none after.
    delete from rejection_piece p where p.list_id = p_list and p.file_id = v_file;
    perform seal_files(p_list, v_file);
    perform note_at_gate(p_list);
    update coupon_file f set deleted_at = v_now, updated_at = v_now where f.list_id = p_list and f.file_id = v_file;
    return true;
end $$;

-- Ends a load that came to nothing. `p_counts` are the storage's LoadCounts. Answers false if the job is someone else's by
-- now.
create or replace function fail_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_failure text, p_counts jsonb
) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_list bigint;
    v_file bigint;
begin
    perform lock_gate_of_job(p_job);
    v_now := clock_timestamp();
    if not end_job(p_job, p_attempt, p_owner, v_now) then
        return false;
    end if;
    select j.list_id, j.file_id into v_list, v_file from job j where j.job_id = p_job;
    update coupon_file f
    set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = v_now,
        duplicates = (p_counts ->> 'duplicates')::bigint,
        duplicates_in_file = (p_counts ->> 'duplicates_in_file')::bigint,
        duplicates_from_before = (p_counts ->> 'duplicates_from_before')::bigint,
        rejected = (p_counts ->> 'rejected')::bigint, rejected_for = p_counts -> 'rejected_for',
        rejections = p_counts -> 'rejections', rejections_bytes = (p_counts ->> 'rejections_bytes')::bigint,
        first_line = p_counts ->> 'first_line'
    where f.list_id = v_list and f.file_id = v_file and f.status = 'PENDING';
    if found then
        perform tell_end_of_file(v_list, v_file);
    end if;
    return true;
end $$;

-- Ends every load of a list that has not ended; the caller holds the gate.
create or replace function fail_pending_files(p_list bigint, p_failure text) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_file bigint;
begin
    -- Locked first, all of them: a load that is about to take its turn (`begin_load`) then finds the turn taken, where it
    -- would wait for the end of the one that has it, while this waits for its row.
    perform 1 from job j
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running')
        order by j.job_id for update;
    update job j set state = 'done', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null, last_error = p_failure
        where j.list_id = p_list and j.kind = 'load_file' and j.state in ('ready', 'running');
    for v_file in
        update coupon_file f set status = 'FAILED', failure = p_failure, stage = 'done', updated_at = v_now
            where f.list_id = p_list and f.status = 'PENDING' returning f.file_id
    loop
        perform tell_end_of_file(p_list, v_file);
    end loop;
end $$;

-- Sends a load back to have its file fetched again: its pieces are gone.
create or replace function fetch_again(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    update job j
        set lane = 'fetch_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload - 'fetched'
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    notify couponry_job;
end $$;

-- Passes a fetched file on to its load, with the number of its pieces and bytes. Answers false if the job is someone
-- else's by now.
create or replace function finish_fetch(p_job bigint, p_attempt integer, p_owner uuid, p_pieces integer, p_bytes bigint)
returns boolean
language plpgsql volatile as $$
begin
    update job j
        set lane = 'load_file', state = 'ready', lease_owner = null, lease_until = null,
            payload = j.payload || jsonb_build_object('fetched', jsonb_build_object(
                'attempt', j.attempt, 'pieces', p_pieces, 'bytes', p_bytes))
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    if not found then
        return false;
    end if;
    notify couponry_job;
    return true;
end $$;

-- Keeps the piece with this number, from 0, of a file's rejected rows; the first takes the place of what an interrupted load
-- left. Answers false, and keeps nothing, if the job is someone else's by now.
create or replace function keep_rejections(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    if p_number = 0 then
        delete from rejection_piece p where p.list_id = p_list and p.file_id = p_file;
    end if;
    insert into rejection_piece (list_id, file_id, number, bytes) values (p_list, p_file, p_number, p_bytes);
    return true;
end $$;

-- Ends a load: all of the file's codes may be handed out from here on. Of a dry run it is only noted how many the list would
-- get; it is judged like any other. `p_attempt` and `p_owner` are the worker's fencing token: nothing happens when the job is
-- someone else's by now (or the list was archived, the file deleted). `p_counts` are the storage's LoadCounts. Why a file has
-- failed is booked in the words of LoadFailure. That all of its blocks are there is counted, not supposed.
create or replace function publish_file(
    p_job bigint, p_attempt integer, p_owner uuid, p_added bigint, p_codes_per_block integer, p_counts jsonb,
    p_most_codes bigint
) returns publish_file_outcome
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_list bigint;
    v_file bigint;
    v_lane text;
    v_dry_run boolean;
    v_blocks bigint;
    v_status text;
    v_expires_at timestamptz;
    v_now timestamptz;
    v_most bigint;
    v_outcome publish_file_outcome;
    v_failure text;
begin
    select j.list_id, j.file_id, j.lane into v_list, v_file, v_lane from job j where j.job_id = p_job;
    -- Before the gate: nobody but the job's worker writes them.
    select count(*) into v_blocks from block b where b.list_id = v_list and b.file_id = v_file;
    perform 1 from gate g where g.list_id = v_list for no key update;
    v_now := clock_timestamp();
    select c.status, c.expires_at into v_status, v_expires_at from coupon_list c where c.list_id = v_list;
    select f.dry_run into v_dry_run from coupon_file f where f.list_id = v_list and f.file_id = v_file;
    -- At most as many as the list has; they are only counted, which takes as long as there are exceptions, where that
    -- would be too many.
    select coalesce(sum(case when f.sealed_at is null then f.added else f.sealed_at + 1 - f.withdrawn end), 0)
        into v_most from coupon_file f where f.list_id = v_list and f.status = 'SUCCESS';
    v_outcome := case
        when v_status = 'ARCHIVED' then 'list-archived'
        when v_status = 'EXPIRED' or v_expires_at <= v_now then 'list-expired'
        when p_added > 0 and v_most + p_added > p_most_codes
             and (select s.total from stock(v_list, true, v_now) s) + p_added > p_most_codes then 'list-full'
        else 'published'
    end;
    if v_outcome <> 'published' then
        v_failure := case v_outcome
            when 'list-archived' then 'list archived'
            when 'list-expired' then 'list expired'
            else format('list would hold more than %s codes', p_most_codes)
        end;
        if fail_file(p_job, p_attempt, p_owner, v_failure, p_counts) then
            return v_outcome;
        end if;
        return 'stale';
    end if;
    if not end_job(p_job, p_attempt, p_owner, v_now) then
        return 'stale';
    end if;
    if v_lane <> 'load_file' then
        -- Only in this lane are the loads of a list one after another: a worker that does not know of lanes may have
        -- compared beside another load.
        raise exception 'the load of file % of list % was not in its turn', v_file, v_list;
    end if;
    if v_blocks <> (case when v_dry_run then 0 else (p_added + p_codes_per_block - 1) / p_codes_per_block end) then
        raise exception 'file % of list % has % blocks for % codes', v_file, v_list, v_blocks, p_added;
    end if;
    update coupon_file f
    set status = 'SUCCESS', stage = 'done', updated_at = v_now,
        published_at = case when not v_dry_run then v_now end,
        codes_per_block = case when not v_dry_run then p_codes_per_block end,
        added = case when v_dry_run then 0 else p_added end, would_add = case when v_dry_run then p_added end,
        used_up = v_dry_run or p_added = 0,
        duplicates = (p_counts ->> 'duplicates')::bigint,
        duplicates_in_file = (p_counts ->> 'duplicates_in_file')::bigint,
        duplicates_from_before = (p_counts ->> 'duplicates_from_before')::bigint,
        rejected = (p_counts ->> 'rejected')::bigint, rejected_for = p_counts -> 'rejected_for',
        rejections = p_counts -> 'rejections', rejections_bytes = (p_counts ->> 'rejections_bytes')::bigint,
        unseen = (p_counts ->> 'unseen')::bigint
    where f.list_id = v_list and f.file_id = v_file;
    perform note_at_gate(v_list);
    perform tell_end_of_file(v_list, v_file);
    return 'published';
end $$;

-- Stops a file, or lets it go on: from the answer on, however many codes it has. Answers false if there is no such file.
create or replace function quarantine_file(p_list bigint, p_public_id bytea, p_quarantined boolean) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    select f.file_id into v_file from coupon_file f
        where f.list_id = p_list and f.public_id = p_public_id and f.deleted_at is null;
    if v_file is null then
        return false;
    end if;
    v_now := clock_timestamp();
    update coupon_file f
        set quarantined_at = case when p_quarantined then v_now end, updated_at = v_now
        where f.list_id = p_list and f.file_id = v_file and (f.quarantined_at is not null) <> p_quarantined;
    perform note_at_gate(p_list);
    return true;
end $$;

-- Removes the blocks that an interrupted load left under a file, if its job is the caller's: a worker that lost its job must
-- not take away what the next one has just written. So the job is kept from being taken away meanwhile. A worker that stands
-- still in the middle of its `COPY` keeps the file's blocks locked, and no time limit of the server holds while that waits for
-- its client: its session is ended.
create or replace function remove_unpublished(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint)
returns void
language plpgsql volatile as $$
begin
    if lock_my_job(p_job, p_attempt, p_owner) then
        perform pg_terminate_backend(a.pid) from pg_stat_activity a
            where a.datname = current_database() and a.application_name = 'couponry load ' || p_job
              -- Another role's may not be ended.
              and pg_has_role(a.usesysid, 'usage');
        delete from block b using coupon_file f
            where b.list_id = p_list and b.file_id = p_file and f.list_id = p_list and f.file_id = p_file
              and f.status = 'PENDING';
    end if;
end $$;

-- Shows how far a load has come, if its job is the caller's. One that lost its job a moment ago may still show its own: that
-- misleads nobody for long, and needs no lock.
create or replace function report_progress(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_file bigint, p_stage text, p_bytes_read bigint,
    p_bytes_expected bigint
) returns void
language plpgsql volatile as $$
begin
    perform 1 from job j where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    if found then
        update coupon_file f set stage = p_stage, bytes_read = p_bytes_read, bytes_expected = p_bytes_expected
            where f.list_id = p_list and f.file_id = p_file and f.status = 'PENDING';
    end if;
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

-- Tells those who asked for it that a load has ended: whatever ends one calls this, once, in the same transaction. A file
-- that was deleted is nobody's news, and a dry run is news for whoever asked for it, by a callback.
create or replace function tell_end_of_file(p_list bigint, p_file bigint) returns void
language plpgsql volatile as $$
declare
    v_file coupon_file;
    v_alerts jsonb;
begin
    select * into v_file from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    if v_file.deleted_at is not null then
        return;
    end if;
    select c.alerts into v_alerts from coupon_list c where c.list_id = p_list;
    if v_file.dry_run then
        v_alerts := '{}';
    end if;
    if v_file.status = 'SUCCESS' and (v_alerts ->> 'success_alert')::boolean then
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'file_loaded', 'file_id', p_file));
    elsif v_file.status = 'FAILED' and (v_alerts ->> 'failure_alert')::boolean then
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'file_failed', 'file_id', p_file));
    end if;
    if v_file.callback_url is not null then
        insert into job (kind, list_id, file_id, traceparent)
            select 'call_back', p_list, p_file, (
                select j.traceparent from job j
                where j.list_id = p_list and j.file_id = p_file and j.kind = 'load_file'
                order by j.job_id desc limit 1);
    end if;
end $$;

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

-- Writes at the gate what calls for codes have to know of the list. Called by whatever changes it, before its end; the caller
-- holds the gate.
create or replace function note_at_gate(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_gate gate := what_gate_knows(p_list);
begin
    update gate g
        set is_active = v_gate.is_active, expires_at = v_gate.expires_at, has_returned = v_gate.has_returned,
            has_disabled = v_gate.has_disabled, file_id = v_gate.file_id, added = v_gate.added,
            codes_per_block = v_gate.codes_per_block
        where g.list_id = p_list and (g.is_active, g.expires_at, g.has_returned, g.has_disabled, g.file_id, g.added, g.codes_per_block)
              is distinct from (v_gate.is_active, v_gate.expires_at, v_gate.has_returned, v_gate.has_disabled, v_gate.file_id,
                                v_gate.added, v_gate.codes_per_block);
end $$;

-- Takes from the list's gate and files what was true once: that something was given back that is not out again, or disabled
-- that calls have yet to step over. They cost less from then on. To be called now and then, and not whenever it could be:
-- each time leaves row versions behind.
create or replace function tidy_gate(p_list bigint) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_files bigint[];
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    select coalesce(array_agg(f.file_id), '{}') into v_files
        from coupon_file f
        cross join lateral (
            select coalesce((select c.place from returned_cursor c
                             where c.list_id = p_list and c.file_id = f.file_id
                             order by c.place desc limit 1), 0) as place offset 0
        ) c
        where f.list_id = p_list and f.has_returned and f.sealed_at is null
          and (select r.place from returned r
               where r.list_id = p_list and r.file_id + 0 = f.file_id and r.place > c.place
               order by r.place limit 1) is null;
    update coupon_file f set has_returned = false where f.list_id = p_list and f.file_id = any (v_files);
    perform note_at_gate(p_list);
end $$;

-- What the list's row in `gate` has to say, by the tables. It may say more: that something was given back or disabled stays
-- there until the next note, since calls for codes, which change that, write nothing at the gate.
create or replace function what_gate_knows(p_list bigint) returns gate
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_gate gate;
begin
    select c.list_id, c.status = 'ACTIVE', c.expires_at,
           exists (select from coupon_file f where f.list_id = p_list and f.has_returned and f.sealed_at is null
                   and f.quarantined_at is null),
           exists (select from coupon_file f
                   where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
                     and f.quarantined_at is null
                     and (select d.last from disabled_run d where d.list_id = p_list and d.file_id = f.file_id
                          order by d.first desc limit 1)
                         > coalesce((select l.ordinal from ledger l where l.list_id = p_list and l.file_id = f.file_id
                                     order by l.ordinal desc limit 1), -1))
        into v_gate.list_id, v_gate.is_active, v_gate.expires_at, v_gate.has_returned, v_gate.has_disabled
        from coupon_list c where c.list_id = p_list;
    select f.file_id, f.added, f.codes_per_block into v_gate.file_id, v_gate.added, v_gate.codes_per_block
        from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and not f.used_up and f.sealed_at is null
          and f.quarantined_at is null
        order by f.published_at, f.file_id limit 1;
    return v_gate;
end $$;

-- The lists whose gate says something else than the tables do: there must be none at any time.
create or replace function wrong_gates() returns setof bigint
language plpgsql stable as $$
declare
    v_gate gate;
    v_right gate;
begin
    for v_gate in select * from gate loop
        v_right := what_gate_knows(v_gate.list_id);
        -- These may be true for longer.
        v_right.has_returned := v_right.has_returned or v_gate.has_returned;
        v_right.has_disabled := v_right.has_disabled or v_gate.has_disabled;
        if v_gate is distinct from v_right then
            return next v_gate.list_id;
        end if;
    end loop;
end $$;

-- Holds that ran out, up to `p_most`; `p_free` leaves out those of files that may not be handed out. Nothing is taken
-- yet: `end_holds` does that. One row; its arrays are null if there are none.
create or replace function choose_run_out_holds(p_list bigint, p_now timestamptz, p_most integer, p_free boolean)
returns table (codes text[], files bigint[], ordinals bigint[], turns integer[])
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        select array_agg(l.code), array_agg(l.file_id), array_agg(l.ordinal), array_agg(l.turn)
        from (
            select h.* from coupon_file f
            cross join lateral (
                select h.file_id, h.ordinal, h.turn from hold h
                where h.list_id = p_list and h.file_id + 0 = f.file_id and h.held_until <= p_now
                order by h.held_until limit p_most
            ) h
            where f.list_id = p_list and not (p_free and (f.sealed_at is not null or f.quarantined_at is not null))
            order by f.file_id limit p_most
        ) h
        cross join lateral (
            select l.* from ledger l
            where l.list_id = p_list and l.file_id = h.file_id and l.ordinal = h.ordinal and l.turn = h.turn offset 0
        ) l;
end $$;

-- Books that these holds have run out, each at its own end. What becomes of the codes is the caller's business.
create or replace function end_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    with gone as (
        delete from hold h using (
            select h.ctid from unnest(p_files, p_ordinals, p_turns) t (file_id, ordinal, turn)
            cross join lateral (
                select h.ctid from hold h
                where h.list_id = p_list and h.file_id = t.file_id and h.ordinal = t.ordinal and h.turn = t.turn
                offset 0
            ) h
        ) t
        where h.list_id = p_list and h.ctid = t.ctid
        returning h.file_id, h.ordinal, h.turn, h.held_until
    )
    insert into event (list_id, file_id, ordinal, turn, kind, at)
    select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', g.held_until from gone g;
end $$;

-- Removes holds that have ended in another way.
create or replace function remove_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    delete from hold h using (
        select h.ctid from unnest(p_files, p_ordinals, p_turns) t (file_id, ordinal, turn)
        cross join lateral (
            select h.ctid from hold h
            where h.list_id = p_list and h.file_id = t.file_id and h.ordinal = t.ordinal and h.turn = t.turn
            offset 0
        ) h
    ) t
    where h.list_id = p_list and h.ctid = t.ctid;
end $$;

-- Gives back up to `p_most` codes whose holds ran out, so that they are counted and handed out as others are. A hold
-- that ran out is a code given back, also before anyone has booked it so. Answers how many; to be repeated until they
-- are fewer than `p_most`.
create or replace function sweep_holds(p_list bigint, p_most integer) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_holds record;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_holds from choose_run_out_holds(p_list, v_now, p_most, false);
    if v_holds.codes is null then
        return 0;
    end if;
    perform end_holds(p_list, v_holds.files, v_holds.ordinals, v_holds.turns);
    perform put_back(p_list, v_holds.files, v_holds.ordinals, v_holds.turns, v_holds.codes);
    return cardinality(v_holds.codes);
end $$;

-- Wakes the workers; a job that is not announced is found by looking.
create or replace function announce_job() returns trigger language plpgsql as $$
begin
    notify couponry_job;
    return null;
end $$;

-- A purge for a list that has sealed files whose blocks are still on disk, and no purge that waits or runs: the one that
-- was to do it has been given up. Answers whether one was begun.
create or replace function begin_purge_again(p_list bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    if exists (select from job j where j.list_id = p_list and j.kind = 'purge_list' and j.state in ('ready', 'running')) then
        return false;
    end if;
    if not exists (select from coupon_file f
                   where f.list_id = p_list and f.sealed_at is not null and f.purged_at is null) then
        return false;
    end if;
    insert into job (kind, list_id) values ('purge_list', p_list)
        on conflict (list_id) where kind = 'purge_list' and state = 'ready' do nothing;
    return found;
end $$;

-- Gives a job up; the caller has locked its gate, if it has one, and then the job. What it was for has failed, for the
-- reason given: a load's file, a report, a bulk action, a report's mail, an invitation's.
create or replace function bury_job(p_job bigint, p_failure text) returns void
language plpgsql volatile as $$
declare
    v_job job;
    v_now timestamptz := clock_timestamp();
begin
    select * into v_job from job j where j.job_id = p_job;
    update job j set state = 'dead', ended_at = v_now, payload = '{}', lease_owner = null,
                     lease_until = null
        where j.job_id = p_job;
    if v_job.kind = 'load_file' then
        update coupon_file f set status = 'FAILED', stage = 'done', failure = p_failure, updated_at = v_now
            where f.list_id = v_job.list_id and f.file_id = v_job.file_id and f.status = 'PENDING';
        if found then
            perform tell_end_of_file(v_job.list_id, v_job.file_id);
        end if;
    elsif v_job.kind = 'build_report' then
        perform settle_report(v_job.list_id, (v_job.payload ->> 'report_id')::bigint, p_failure, null, null, null);
    elsif v_job.kind = 'bulk_action' then
        perform fail_bulk_action(v_job.list_id, (v_job.payload ->> 'bulk_action_id')::bigint, p_failure);
    elsif v_job.kind = 'send_mail' then
        perform note_report_mail(v_job, 'FAILED', null, null);
    elsif v_job.kind = 'send_invitation' then
        update one_time_link l set mail = 'failed' where l.mail_job_id = p_job and l.mail = 'waiting';
    end if;
end $$;

-- Claims a job of the workspace that has the fewest jobs of this lane running, and fewer than `p_most`; of its jobs the one
-- that has been due longest. Workers that claim at the same time take different ones of the candidates. No row if there is
-- none. Another worker may take another load of the same list a moment before: then the index that keeps a list's loads one
-- after the other is violated, and nothing was claimed.
create or replace function claim_job(p_lane text, p_owner uuid, p_lease interval, p_most bigint) returns table (
    job_id bigint, attempt integer, failures integer, list_id bigint, file_id bigint, payload jsonb, fingerprint_key bytea,
    traceparent text
)
language plpgsql volatile as $$
#variable_conflict use_column
begin
    with busy as (
        select r.workspace_id, count(*) as running from job r
        where r.lane = p_lane and r.state = 'running'
        group by r.workspace_id
    ), waiting as (
        select distinct w.workspace_id from job w where w.lane = p_lane and w.state = 'ready'
    ), candidate as (
        select due.job_id, coalesce(busy.running, 0) as running
        from waiting left join busy using (workspace_id)
        cross join lateral (
            select j.job_id from job j
            where j.lane = p_lane and j.state = 'ready' and j.workspace_id = waiting.workspace_id
              and j.run_at <= clock_timestamp()
              and (j.lane <> 'load_file' or not exists (
                  select from job r where r.list_id = j.list_id and r.lane = 'load_file' and r.state = 'running'))
            order by j.run_at, j.job_id
            limit 32
        ) due
        where coalesce(busy.running, 0) < p_most
    )
    update job t
    set state = 'running', attempt = t.attempt + 1, lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
    where t.job_id = (
        select j.job_id from job j join candidate c using (job_id)
        where j.state = 'ready'
        order by c.running, j.run_at, j.job_id
        limit 1
        for update of j skip locked
    )
    returning t.job_id, t.attempt, t.failures, t.list_id, t.file_id, t.payload, t.traceparent
        into job_id, attempt, failures, list_id, file_id, payload, traceparent;
    if found then
        select c.fingerprint_key into fingerprint_key from coupon_list c where c.list_id = claim_job.list_id;
        return next;
    end if;
end $$;

-- Ends a job, if it still is the worker's who says so.
create or replace function end_job(p_job bigint, p_attempt integer, p_owner uuid, p_now timestamptz) returns boolean
language plpgsql volatile as $$
begin
    update job j set state = 'done', ended_at = p_now, payload = '{}', lease_owner = null, lease_until = null
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner);
    return found;
end $$;

-- Gives a job back at once, without counting anything: its worker is going away. Nothing happens if the job is someone
-- else's by now.
create or replace function hand_over_job(p_job bigint, p_attempt integer, p_owner uuid) returns void
language plpgsql volatile as $$
begin
    perform lock_gate_of_job(p_job);
    perform 1 from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for update;
    if found then
        perform make_ready(p_job, interval '0');
    end if;
end $$;

-- Whether a job is held by the worker who asks, in the attempt it says: the fence of everything that a worker does. The
-- planner writes it out in place (one expression, immutable), so that it costs no call.
create or replace function job_is_mine(p_job job, p_attempt integer, p_owner uuid) returns boolean
language sql immutable as $$
    select p_job.state = 'running' and p_job.attempt = p_attempt and p_job.lease_owner = p_owner
$$;

-- Takes the gate of a job that has to do with a list's files; other jobs meet nobody at a gate.
create or replace function lock_gate_of_job(p_job bigint) returns void
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    select j.list_id into v_list from job j where j.job_id = p_job and j.kind in ('load_file', 'purge_list');
    if found then
        perform 1 from gate g where g.list_id = v_list for no key update;
    end if;
end $$;

-- Keeps a job from being taken away until the transaction has ended. False if it is not the worker's who asks.
create or replace function lock_my_job(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for share;
    return found;
end $$;

-- Makes a running job ready again; the caller has locked its gate, if it has one, and then the job.
create or replace function make_ready(p_job bigint, p_delay interval) returns void
language plpgsql volatile as $$
begin
    -- A purge that waits already does this one's work too.
    update job j set state = 'done', ended_at = clock_timestamp(), lease_owner = null, lease_until = null
        where j.job_id = p_job and j.kind = 'purge_list' and j.state = 'running'
          and exists (select from job w where w.list_id = j.list_id and w.kind = 'purge_list' and w.state = 'ready');
    update job j set state = 'ready', run_at = clock_timestamp() + p_delay, lease_owner = null, lease_until = null
        where j.job_id = p_job and j.state = 'running';
    notify couponry_job;
end $$;

-- A trigger, since jobs are enqueued by many functions.
create or replace function place_job() returns trigger language plpgsql as $$
begin
    new.lane := case when new.kind = 'load_file' and new.payload ? 'url' then 'fetch_file' else new.kind end;
    -- What is of no list says itself whose it is.
    if new.list_id is not null then
        select c.workspace_id into new.workspace_id from coupon_list c where c.list_id = new.list_id;
    end if;
    return new;
end $$;

-- Takes back a job whose worker has fallen silent, and counts its death. The first time the job goes on at once, then
-- after pauses that grow, so that work that only happened to be near one that kills can be done in between. After
-- `p_most` deaths the job is given up. Answers false if the job needs no rescue (any more).
create or replace function rescue_job(p_job bigint, p_most integer, p_failure text) returns boolean
language plpgsql volatile as $$
declare
    v_deaths integer;
begin
    perform lock_gate_of_job(p_job);
    update job j set deaths = j.deaths + 1
        where j.job_id = p_job and j.state = 'running' and j.lease_until < clock_timestamp()
        returning j.deaths into v_deaths;
    if v_deaths is null then
        return false;
    end if;
    if v_deaths >= p_most then
        perform bury_job(p_job, p_failure);
    else
        perform make_ready(p_job, case when v_deaths = 1 then interval '0'
                                       else least(5 * 2 ^ (v_deaths - 1), 300) * interval '1 second' end);
    end if;
    return true;
end $$;

-- Gives a job back after an error of ours: again after `p_delay`, or never more after `p_most` errors. Nothing happens
-- if the job is someone else's by now. `p_told` is the error as whoever asked for the work may read it; null: not at all.
create or replace function retry_job(
    p_job bigint, p_attempt integer, p_owner uuid, p_error text, p_delay interval, p_most integer, p_failure text, p_told text
) returns void
language plpgsql volatile as $$
declare
    v_job job;
begin
    perform lock_gate_of_job(p_job);
    update job j set failures = j.failures + 1, last_error = p_error
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner)
        returning j.* into v_job;
    if v_job.job_id is null then
        return;
    end if;
    perform note_report_mail(v_job, 'WAITING', null, coalesce(p_told, 'the server failed; it is tried again'));
    if v_job.failures >= p_most then
        perform bury_job(p_job, p_failure);
    else
        perform make_ready(p_job, p_delay);
    end if;
end $$;

-- Whether this turn is the caller's; the next one comes after `p_pause`.
create or replace function take_turn(p_name text, p_pause interval) returns boolean
language plpgsql volatile as $$
begin
    insert into turn (name, next_at) values (p_name, '-infinity') on conflict do nothing;
    -- A clock that was set back must not stop the turns.
    update turn t set next_at = clock_timestamp() + p_pause
        where t.name = p_name and (t.next_at <= clock_timestamp() or t.next_at > clock_timestamp() + p_pause);
    return found;
end $$;

-- The lineage that the operator has been shown is the one to hand out codes of. False if it is another one by now.
create or replace function acknowledge_lineage(p_cluster bigint, p_timeline bigint, p_database bigint, p_relation bigint)
returns boolean
language plpgsql volatile as $$
declare
    v_now record;
begin
    select * into v_now from look_at_lineage();
    if (v_now.cluster, v_now.timeline, v_now.database, v_now.relation)
        <> (p_cluster, p_timeline, p_database, p_relation)
    then
        return false;
    end if;
    update deployment
        set cluster = p_cluster, timeline = p_timeline, database = p_database, relation = p_relation,
            acknowledged_at = clock_timestamp(), loss_noticed_at = null;
    return true;
end $$;

-- Whether new codes may be handed out on this server: why not, or null. Asked by each process that hands out codes, when it
-- meets a server it does not know, and once a second. The first one ever asked writes the lineage down.
--   p_acknowledged_at  what the last answer said, null the first time
--   p_list … p_turn    the last allocation that the process has answered since, or null: if it is missing, so is whatever else
--                      came after a backup
--   p_accepts_promotion
--                      another timeline of the same cluster is taken for the right one, unless that allocation is missing
create or replace function check_lineage(p_acknowledged_at timestamptz, p_list bigint, p_file bigint, p_ordinal bigint,
                                         p_turn integer, p_accepts_promotion boolean)
returns table (server_started_at timestamptz, reason pause_reason, acknowledged_at timestamptz)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    v_now record;
    v_is_lost boolean := false;
begin
    select * into v_now from look_at_lineage();
    -- Another acknowledgement than the process knows: a later one settles what was lost, an earlier one is of a backup.
    if p_acknowledged_at > coalesce(v_now.acknowledged_at, '-infinity') then
        v_is_lost := true;
    elsif p_acknowledged_at = v_now.acknowledged_at and p_list is not null then
        v_is_lost := not exists (select from ledger l where l.list_id = p_list and l.file_id = p_file
                                 and l.ordinal = p_ordinal and l.turn = p_turn);
    end if;
    if v_now.acknowledged_at is null then
        update deployment d
            set cluster = v_now.cluster, timeline = v_now.timeline, database = v_now.database, relation = v_now.relation,
                acknowledged_at = clock_timestamp()
            where d.acknowledged_at is null;
    end if;
    if v_is_lost and v_now.reason is distinct from 'loss' then
        update deployment set loss_noticed_at = clock_timestamp();
    elsif v_now.reason = 'other-timeline' and p_accepts_promotion then
        update deployment set timeline = v_now.timeline;
    end if;
    return query select l.server_started_at, l.reason, l.acknowledged_at from look_at_lineage() l;
end $$;

-- The timeline that the server writes: another one after every promotion, and from the promotion on (what `pg_control_checkpoint`
-- says is late by a checkpoint). 0 where a platform does not tell. Fails on a standby.
create or replace function current_timeline() returns bigint
language plpgsql volatile as $$
begin
    return ('x' || lpad(left(pg_walfile_name(pg_current_wal_lsn()), 8), 16, '0'))::bit(64)::bigint;
exception when feature_not_supported or insufficient_privilege or undefined_function then
    return 0;
end $$;

-- Makes up to `p_most` holds of the list last, also such as ran out: whether they were confirmed may be among what was lost.
-- Answers how many; to be repeated until they are fewer than `p_most`.
create or replace function keep_holds(p_list bigint, p_most integer) returns integer
language plpgsql volatile as $$
declare
    v_holds record;
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select array_agg(h.file_id) as files, array_agg(h.ordinal) as ordinals, array_agg(h.turn) as turns into v_holds
        from (select h.file_id, h.ordinal, h.turn from hold h where h.list_id = p_list limit p_most) h;
    if v_holds.files is null then
        return 0;
    end if;
    perform remove_holds(p_list, v_holds.files, v_holds.ordinals, v_holds.turns);
    insert into event (list_id, file_id, ordinal, turn, kind, at)
        select p_list, h.file_id, h.ordinal, h.turn, 'CONFIRMED', v_now
        from unnest(v_holds.files, v_holds.ordinals, v_holds.turns) h (file_id, ordinal, turn);
    return cardinality(v_holds.files);
end $$;

-- The lineage that the data is of now, and what about it speaks against handing out new codes: null if nothing does. With the
-- instant the server was started at: nothing of its lineage changes while it runs.
create or replace function look_at_lineage()
returns table (server_started_at timestamptz, cluster bigint, timeline bigint, database bigint, relation bigint,
               reason pause_reason, acknowledged_at timestamptz)
language plpgsql volatile as $$
#variable_conflict use_column
begin
    return query
        select pg_postmaster_start_time(), now.cluster, now.timeline, now.database, now.relation,
               case when d.loss_noticed_at is not null then 'loss'
                    when now.cluster <> d.cluster then 'other-cluster'
                    when (now.database, now.relation) <> (d.database, d.relation) then 'copy'
                    when now.timeline <> d.timeline then 'other-timeline'
               end::pause_reason,
               d.acknowledged_at
        from deployment d
        cross join lateral (
            select s.system_identifier as cluster, current_timeline() as timeline, b.oid::bigint as database,
                   d.tableoid::bigint as relation
            from pg_control_system() s, pg_database b where b.datname = current_database()
        ) now;
end $$;

-- Writes down that codes of a file were handed out, as a journal has it: all that the cursor passes on the way to the last of
-- them is handed out too, to `p_nobody`. A row for each code that is its key's now, by its place in the arrays; `is_new`
-- unless it was so before. There is none for a code that somebody else has or that is disabled, and for a key that has another
-- code: nothing was done about those. The last row says how many went to nobody.
create or replace function note_allocated(p_list bigint, p_file bigint, p_ordinals bigint[], p_keys uuid[], p_users text[],
                                          p_requests text[], p_campaigns uuid[], p_nobody text)
returns table (place integer, is_new boolean, passed bigint)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_next bigint;
    v_last bigint;
    v_per_block integer;
    v_known integer[];
    v_noted integer[];
    v_passed bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select f.codes_per_block into v_per_block from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    v_next := coalesce((select l.ordinal + 1 from ledger l where l.list_id = p_list and l.file_id = p_file
                        order by l.ordinal desc limit 1), 0);
    -- A key that has a code stays with that.
    select coalesce(array_agg(t.place), '{}') into v_known
        from unnest(p_keys) with ordinality t (key, place)
        where exists (select from ledger l where l.list_id = p_list and l.request_key = t.key);
    -- What was given back: the journal says that it went out again.
    with again as (
        delete from returned r using unnest(p_ordinals) with ordinality t (ordinal, place)
        where r.list_id = p_list and r.file_id = p_file and r.ordinal = t.ordinal and not t.place = any (v_known)
          and r.place > coalesce((select c.place from returned_cursor c where c.list_id = p_list and c.file_id = p_file
                                  order by c.place desc limit 1), 0)
        returning t.place, r.ordinal, r.turn, r.code
    ), written as (
        insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, request_id, campaign_key, allocated_at)
        select p_list, p_file, a.ordinal, a.turn + 1, a.code, p_keys[a.place], p_users[a.place], p_requests[a.place],
               p_campaigns[a.place], v_now
        from again a
    )
    select coalesce(array_agg(a.place), '{}') into v_noted from again a;
    -- What was never handed out, up to the last of the journal.
    select max(o) into v_last from unnest(p_ordinals) with ordinality t (o, place) where not t.place = any (v_known);
    with codes as (
        select b.number::bigint * v_per_block + c.n - 1 as ordinal, c.code
        from block b cross join lateral unnest(string_to_array(b.codes, E'\n')) with ordinality c (code, n)
        where b.list_id = p_list and b.file_id = p_file
          and b.number between v_next / v_per_block and v_last / v_per_block
    ), fresh as (
        select c.ordinal, c.code, t.place from codes c
        left join unnest(p_ordinals) with ordinality t (ordinal, place)
            on t.ordinal = c.ordinal and not t.place = any (v_known)
        where c.ordinal between v_next and v_last
          and not exists (select from disabled d where d.list_id = p_list and d.file_id = p_file and d.ordinal = c.ordinal)
    ), written as (
        insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, request_id, campaign_key, allocated_at)
        select p_list, p_file, f.ordinal, 0, f.code, coalesce(p_keys[f.place], gen_random_uuid()),
               coalesce(p_users[f.place], p_nobody), p_requests[f.place], p_campaigns[f.place], v_now
        from fresh f
    )
    select v_noted || coalesce(array_agg(f.place) filter (where f.place is not null), '{}'), count(*) filter (where f.place is null)
        into v_noted, v_passed from fresh f;
    perform note_at_gate(p_list);
    return query select n.place, true, null::bigint from unnest(v_noted) n (place);
    return query
        select t.place::integer, false, null::bigint from unnest(p_keys, p_ordinals) with ordinality t (key, ordinal, place)
        where t.place = any (v_known)
          and exists (select from ledger l where l.list_id = p_list and l.request_key = t.key and l.file_id = p_file
                      and l.ordinal = t.ordinal);
    return query select null::integer, null::boolean, coalesce(v_passed, 0);
end $$;

-- Makes a list active until `p_expires_at`, from any state, and notes since when it is; codes of before do not come back.
-- Changes nothing if that instant has passed.
create or replace function activate_list(p_list bigint, p_expires_at timestamptz) returns activate_list_outcome
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform expire_list(p_list);
    v_now := clock_timestamp();
    if p_expires_at <= v_now then
        return 'expired';
    end if;
    update coupon_list c set status = 'ACTIVE', expires_at = p_expires_at, updated_at = v_now,
                             active_since = case when c.status = 'ACTIVE' then c.active_since else v_now end
        where c.list_id = p_list;
    perform note_at_gate(p_list);
    return 'activated';
end $$;

-- Archives a list: nothing is handed out any more, loads end, and free codes are gone. Archiving twice changes nothing.
create or replace function archive_list(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    update coupon_list c set status = 'ARCHIVED', updated_at = v_now
        where c.list_id = p_list and c.status <> 'ARCHIVED';
    if found then
        perform fail_pending_files(p_list, 'list archived');
        perform seal_files(p_list);
        perform note_at_gate(p_list);
    end if;
end $$;

-- A list and its gate; or why there is none, and nothing is made.
create or replace function create_list(
    p_workspace bigint, p_public_id bytea, p_name text, p_label text, p_expires_at timestamptz, p_created_by text,
    p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea
) returns create_list_refusal
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    if p_expires_at <= clock_timestamp() then
        return 'expired';
    end if;
    insert into coupon_list (workspace_id, public_id, name, label, expires_at, created_by, subscribers, alerts,
                             fingerprint_key)
        values (p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers, p_alerts,
                p_fingerprint_key)
        on conflict do nothing
        returning list_id into v_list;
    if v_list is null then
        -- Of two that it has, the name is told first.
        return case when exists (select from coupon_list c where c.workspace_id = p_workspace and c.name = p_name)
                    then 'duplicate-name' else 'duplicate-label' end::create_list_refusal;
    end if;
    insert into gate (list_id, is_active, expires_at, has_returned, has_disabled)
        values (v_list, true, p_expires_at, false, false);
    return null;
end $$;

-- A list, once for each key (null: no key), and no more than `p_most_lists` in a workspace (null: any number). Answers
-- the list, `p_public_id` or what the key made before, or why there is none.
create or replace function create_list_once(
    p_key text, p_hash bytea, p_most_lists bigint, p_workspace bigint, p_public_id bytea, p_name text, p_label text,
    p_expires_at timestamptz, p_created_by text, p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea,
    out made bytea, out refusal create_list_refusal
)
language plpgsql volatile as $$
begin
    made := p_public_id;
    if p_key is not null then
        made := take_idempotency_key(p_workspace, 'create_list', p_key, p_hash, p_public_id);
        if made is distinct from p_public_id then
            refusal := case when made is null then 'key-reused' end;
            return;
        end if;
    end if;
    if p_most_lists is not null then
        -- One creation at a time: two that count at once would both find room.
        perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
        if (select count(*) from coupon_list c where c.workspace_id = p_workspace) >= p_most_lists then
            refusal := 'too-many';
        end if;
    end if;
    if refusal is null then
        refusal := create_list(p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers,
                               p_alerts, p_fingerprint_key);
    end if;
    if refusal is not null then
        -- A request that came to nothing may be mended and sent again.
        delete from idempotent_request r
            where r.workspace_id = p_workspace and r.operation = 'create_list' and r.key = p_key;
    end if;
end $$;

-- Carries out an expiry that has come; answers whether there was one.
create or replace function expire_list(p_list bigint) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    update coupon_list c set status = 'EXPIRED'
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at <= v_now;
    if not found then
        return false;
    end if;
    perform fail_pending_files(p_list, 'list expired');
    perform seal_files(p_list);
    perform note_at_gate(p_list);
    return true;
end $$;

-- A list as it is shown, with what it holds. `p_now` null: now.
create or replace function read_list(p_list bigint, p_now timestamptz default null) returns table (
    public_id bytea, name text, label text, status text, expires_at timestamptz, created_by text, subscribers text[],
    alerts jsonb, created_at timestamptz, updated_at timestamptz, total bigint, available bigint
)
language plpgsql stable as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    select c.public_id, c.name, c.label, case when c.status = 'ACTIVE' and c.expires_at <= v_now then 'EXPIRED' else c.status end,
           c.expires_at, c.created_by, c.subscribers, c.alerts, c.created_at, c.updated_at
        into public_id, name, label, status, expires_at, created_by, subscribers, alerts, created_at, updated_at
        from coupon_list c where c.list_id = p_list;
    if not found then
        return;
    end if;
    select s.total, s.available into total, available from stock(p_list, status = 'ACTIVE', v_now) s;
    return next;
end $$;

-- Lists of a workspace as they are shown, the newest first: those with the status, of those named, after the one given. Each
-- filter may be null. What a list holds is asked for those that are shown, one after the other.
create or replace function read_lists(
    p_workspace bigint, p_status text, p_lists bigint[], p_limit bigint, p_offset bigint, p_after_created timestamptz,
    p_after_id bytea
) returns table (
    public_id bytea, name text, label text, status text, expires_at timestamptz, created_by text, subscribers text[],
    alerts jsonb, created_at timestamptz, updated_at timestamptz, total bigint, available bigint
)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_list bigint;
begin
    for v_list in
        select c.list_id from coupon_list c
        where c.workspace_id = p_workspace
          and (p_lists is null or c.list_id = any (p_lists))
          and (p_status is null
               or p_status = case when c.status = 'ACTIVE' and c.expires_at <= v_now then 'EXPIRED' else c.status end)
          and (p_after_created is null or c.created_at < p_after_created
               or c.created_at = p_after_created and c.public_id > p_after_id)
        order by c.created_at desc, c.public_id
        limit p_limit offset p_offset
    loop
        return query select * from read_list(v_list, v_now);
    end loop;
end $$;

-- Applies a patch; null leaves a field as it is. A change brings an archived or expired list back, if its expiry (after
-- the change) is still to come; unless the answer is `updated`, nothing is changed. If another list gets the name meanwhile,
-- the statement fails with unique_violation; asked again, it answers `duplicate-name`.
create or replace function update_list(
    p_list bigint, p_name text, p_expires_at timestamptz, p_subscribers text[], p_alerts jsonb
) returns update_list_outcome
language plpgsql volatile as $$
declare
    v_list coupon_list;
    v_alerts jsonb;
    v_now timestamptz;
begin
    perform expire_list(p_list);
    if p_name is null and p_expires_at is null and p_subscribers is null and p_alerts is null then
        return 'updated';
    end if;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if coalesce(p_expires_at, v_list.expires_at) <= v_now then
        return 'expired';
    end if;
    if exists (select from coupon_list c
               where c.workspace_id = v_list.workspace_id and c.name = p_name and c.list_id <> p_list) then
        return 'duplicate-name';
    end if;
    v_alerts := v_list.alerts;
    if p_alerts is not null then
        -- Key by key, also one level down.
        v_alerts := v_alerts || p_alerts || jsonb_build_object(
            'expiry_alert', (v_alerts -> 'expiry_alert') || coalesce(p_alerts -> 'expiry_alert', '{}'),
            'coupon_shortage_alert',
            (v_alerts -> 'coupon_shortage_alert') || coalesce(p_alerts -> 'coupon_shortage_alert', '{}'));
        if (v_alerts #>> '{expiry_alert,alert}')::boolean and v_alerts #>> '{expiry_alert,days_before}' is null then
            return 'days-before-missing';
        end if;
        if (v_alerts #>> '{coupon_shortage_alert,alert}')::boolean
           and v_alerts #>> '{coupon_shortage_alert,threshold_count}' is null then
            return 'threshold-count-missing';
        end if;
    end if;
    update coupon_list c
    set name = coalesce(p_name, c.name), expires_at = coalesce(p_expires_at, c.expires_at),
        subscribers = coalesce(p_subscribers, c.subscribers), alerts = v_alerts, status = 'ACTIVE',
        updated_at = v_now,
        active_since = case when c.status = 'ACTIVE' then c.active_since else v_now end
    where c.list_id = p_list;
    perform note_at_gate(p_list);
    return 'updated';
end $$;

-- Makes the invited person a member of the workspace and uses up the link. Somebody new comes with name and password. Who is known
-- comes without (`p_password` null), keeps both, and proves to be that person by signing in; and who is a member already keeps the
-- role: the last admin of a workspace is not made a viewer by a link.
create or replace function accept_invitation(
    p_link bytea, p_public_id bytea, p_name text, p_password text, out made bigint, out refusal accept_link_refusal
)
language plpgsql volatile as $$
declare
    v_link one_time_link;
begin
    select * into v_link from one_time_link l
        where l.token_hash = p_link and l.kind = 'invitation' and l.expires_at > clock_timestamp()
        for update;
    if not found then
        refusal := 'gone';
        return;
    end if;
    if p_password is null then
        select p.person_id into made from person p where p.email = v_link.email;
    else
        insert into person (public_id, email, name, password) values (p_public_id, v_link.email, p_name, p_password)
            on conflict on constraint person_email_unique do nothing
            returning person_id into made;
    end if;
    -- Somebody has got the address since the link was looked at: whoever holds the link must not be taken for that person.
    if made is null then
        refusal := 'other-person';
        return;
    end if;
    delete from one_time_link l where l.token_hash = p_link;
    insert into membership (person_id, workspace_id, role) values (made, v_link.workspace_id, v_link.role)
        on conflict (person_id, workspace_id) do nothing;
    delete from session s where s.person_id = made;
    perform forget_links_of(made);
    insert into audit_entry (workspace_id, person_id, action) values (v_link.workspace_id, made, 'person.join');
end $$;

-- Changes what a member may do, or ends the membership (null). A workspace keeps an admin: false, and nothing is changed, if
-- it would not. Sessions of the person end: a new role begins with signing in. What is changed here is the identity provider's no more.
create or replace function change_role(p_workspace bigint, p_person bigint, p_role text) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
    if p_role is distinct from 'admin' and not exists (
        select from membership m join person p using (person_id)
        where m.workspace_id = p_workspace and m.role = 'admin' and m.person_id <> p_person and p.disabled_at is null)
    then
        return false;
    end if;
    if p_role is null then
        delete from membership m where m.workspace_id = p_workspace and m.person_id = p_person;
    else
        update membership m set role = p_role, by_provider = false where m.workspace_id = p_workspace and m.person_id = p_person;
    end if;
    delete from session s where s.person_id = p_person;
    return true;
end $$;

-- Gives the link's person this password and ends what was open in the person's name, also whom the identity provider knows the
-- person as: it says so anew at the next sign-in by it. Answers whose it is; null if the link is unknown, used or too old.
create or replace function choose_password(p_link bytea, p_password text) returns bigint
language plpgsql volatile as $$
declare
    v_person bigint;
begin
    delete from one_time_link l
        where l.token_hash = p_link and l.kind = 'password' and l.expires_at > clock_timestamp()
        returning l.person_id into v_person;
    update person p set password = p_password, oidc_issuer = null, oidc_subject = null where p.person_id = v_person;
    delete from session s where s.person_id = v_person;
    delete from one_time_link l where l.person_id = v_person;
    return v_person;
end $$;

-- Counts an attempt at these subjects (an account from an address, the address, the account) for a quarter of an hour from the
-- first, before anybody knows whether it is right: however many come at once, no more than `p_most` of a subject are looked at.
-- Answers what is counted of the account; null, and nothing is counted, if one of the first two is used up.
create or replace function count_sign_in_attempt(p_subjects bytea[], p_most integer[]) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_is_over boolean;
    v_of_account integer;
begin
    with counted as (
        insert into sign_in_attempt as a (subject, attempts, since)
            select s.subject, 1, v_now from unnest(p_subjects) s (subject) order by s.subject
            on conflict (subject) do update
                set attempts = case when a.since > v_now - interval '15 minutes' then a.attempts + 1 else 1 end,
                    since = case when a.since > v_now - interval '15 minutes' then a.since else v_now end
            returning subject, attempts
    )
    select bool_or(c.subject = p_subjects[1] and c.attempts > p_most[1] or c.subject = p_subjects[2] and c.attempts > p_most[2]),
           max(c.attempts) filter (where c.subject = p_subjects[3])
        into v_is_over, v_of_account
        from counted c;
    if not v_is_over then
        return v_of_account;
    end if;
    perform forget_sign_in_attempt(p_subjects);
    return null;
end $$;

-- Ends the job of an invitation's mail that the relay has taken, or that is not to go out any more. False if the job is someone
-- else's by now, who sends it again.
create or replace function end_invitation_mail(p_job bigint, p_attempt integer, p_owner uuid) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    update one_time_link l set mail = 'sent' where l.mail_job_id = p_job and l.mail = 'waiting';
    return true;
end $$;

-- Ends the links by which somebody could sign in as this person, or choose the password: who made them had a say in all of the
-- person's workspaces, which may be others from now on.
create or replace function forget_links_of(p_person bigint) returns void
language sql volatile as $$
    delete from one_time_link l where l.person_id = p_person;
$$;

-- Takes one attempt at each of these subjects off the count: it was right, or was not looked at.
create or replace function forget_sign_in_attempt(p_subjects bytea[]) returns void
language sql volatile as $$
    update sign_in_attempt a set attempts = a.attempts - 1
    from (
        select l.subject from sign_in_attempt l
        where l.subject = any (p_subjects) and l.attempts > 0 order by l.subject for no key update
    ) l
    where a.subject = l.subject;
$$;

-- Makes the memberships that the identity provider gives a person what it says now; those that were given here stay as they are. Of
-- several roles in a workspace the one that may most counts. A workspace keeps an admin: the last one stays, whatever is said.
create or replace function give_provider_roles(p_person bigint, p_workspaces text[], p_roles text[]) returns void
language plpgsql volatile as $$
begin
    perform 1 from workspace w
        where exists (select from membership m
                      where m.workspace_id = w.workspace_id and m.person_id = p_person and m.by_provider and m.role = 'admin')
        order by w.workspace_id for no key update;
    with named as (
        select distinct on (w.workspace_id) w.workspace_id, g.role
        from unnest(p_workspaces, p_roles) g (workspace, role)
        join workspace w on g.workspace is null or w.public_id = g.workspace
        order by w.workspace_id, array_position(array['admin', 'manager', 'viewer'], g.role)
    ), needed as (
        select m.workspace_id from membership m
        where m.person_id = p_person and m.role = 'admin' and not exists (
            select from membership o join person p using (person_id)
            where o.workspace_id = m.workspace_id and o.role = 'admin' and o.person_id <> p_person and p.disabled_at is null)
    ), gone as (
        delete from membership m
            where m.person_id = p_person and m.by_provider
              and not exists (select from named n where n.workspace_id = m.workspace_id)
              and not exists (select from needed n where n.workspace_id = m.workspace_id)
            returning m.workspace_id
    ), given as (
        insert into membership as m (person_id, workspace_id, role, by_provider)
            select p_person, n.workspace_id, n.role, true from named n order by n.workspace_id
            on conflict (person_id, workspace_id) do update set role = excluded.role
                where m.by_provider and m.role <> excluded.role
                  and not exists (select from needed d where d.workspace_id = m.workspace_id)
            returning m.workspace_id, m.role
    )
    insert into audit_entry (workspace_id, person_id, action)
        select g.workspace_id, p_person, 'provider.no-role' from gone g
        union all
        select g.workspace_id, p_person, 'provider.role-' || g.role from given g;
    if found then
        perform forget_links_of(p_person);
    end if;
end $$;

-- Invites whoever has this address to the workspace, or does so anew: an earlier invitation opens nothing any more, and its mail does
-- not go out. With `p_is_mailed` a job mails it, with a token that the job makes. Answers the invitation's number.
create or replace function invite(
    p_workspace bigint, p_by bigint, p_email text, p_role text, p_token_hash bytea, p_good_for interval, p_is_mailed boolean
) returns bigint
language plpgsql volatile as $$
declare
    v_link bigint;
    v_job bigint;
begin
    insert into one_time_link as l (token_hash, kind, workspace_id, email, role, invited_by, expires_at)
        values (p_token_hash, 'invitation', p_workspace, p_email, p_role, p_by, clock_timestamp() + p_good_for)
        on conflict (workspace_id, email) where kind = 'invitation' do update
            set token_hash = excluded.token_hash, role = excluded.role, invited_by = excluded.invited_by,
                expires_at = excluded.expires_at, mail = null, mail_job_id = null
        returning l.link_id into v_link;
    if p_is_mailed then
        insert into job (kind, workspace_id) values ('send_invitation', p_workspace) returning job_id into v_job;
        update one_time_link l set mail = 'waiting', mail_job_id = v_job where l.link_id = v_link;
    end if;
    return v_link;
end $$;

-- Notes a wrong password or code in the workspaces of the account's person. Of one account no more than twenty are noted in a
-- quarter of an hour: a stranger who knows an address must not fill the audit log.
create or replace function note_wrong_sign_in(p_account bytea, p_email text) returns void
language sql volatile as $$
    insert into audit_entry (workspace_id, action, object_id)
        select m.workspace_id, 'sign-in.fail', encode(p.public_id, 'hex')
        from person p join membership m using (person_id)
        where p.email = p_email and p.disabled_at is null
          and coalesce((select a.attempts from sign_in_attempt a where a.subject = p_account), 0) <= 20;
$$;

-- Makes the first person, admin of every workspace there is, and uses up the link. Whoever comes second is refused: `set-up`.
create or replace function set_up(
    p_link bytea, p_public_id bytea, p_email text, p_name text, p_password text, out made bigint,
    out refusal accept_link_refusal
)
language plpgsql volatile as $$
begin
    lock table person in share row exclusive mode;
    if exists (select from person) then
        refusal := 'set-up';
        return;
    end if;
    delete from one_time_link l where l.token_hash = p_link and l.kind = 'setup' and l.expires_at > clock_timestamp();
    if not found then
        refusal := 'gone';
        return;
    end if;
    insert into person (public_id, email, name, password) values (p_public_id, p_email, p_name, p_password)
        returning person_id into made;
    insert into membership (person_id, workspace_id, role) select made, w.workspace_id, 'admin' from workspace w;
    -- Every server that found nobody made a link of its own.
    delete from one_time_link l where l.kind = 'setup';
end $$;

-- Who this is that the identity provider vouches for, or why nobody. Known by issuer and subject; the first time by the address, which
-- the provider must have verified (else `p_email` is null), and by the subject from then on. Somebody new is made where a role or
-- an invitation waits. `p_roles` has what the provider gives, each for the workspace of `p_workspaces` beside it (null: for
-- all); null where it gives none at all. It changes and takes away what it gave before, and never what was given here.
--
-- Whoever was there by the address alone has proven it to nobody, if an admin passed the link on: password, second factor, sessions
-- and links are forgotten when the provider's person takes the place. The first person of all is made by the setup link, or is an
-- admin: nobody else could let others in.
create or replace function sign_in_by_provider(
    p_issuer text, p_subject text, p_email text, p_name text, p_public_id bytea, p_workspaces text[], p_roles text[],
    out known bigint, out refusal sign_in_by_provider_refusal
)
language plpgsql volatile as $$
declare
    v_person person;
begin
    loop
        select * into v_person from person p
            where p.oidc_issuer = p_issuer and p.oidc_subject = p_subject for no key update;
        exit when found;
        if p_email is null then
            refusal := 'unverified';
            return;
        end if;
        select * into v_person from person p where p.email = p_email for no key update;
        if found then
            -- The same person at the same moment is no other one.
            if v_person.disabled_at is null and v_person.oidc_issuer = p_issuer and v_person.oidc_subject <> p_subject then
                refusal := 'other-subject';
                return;
            end if;
            exit;
        end if;
        if not exists (select from person) and not coalesce('admin' = any (p_roles), false) or not exists (
            select from workspace w
            where w.public_id = any (p_workspaces) or p_workspaces is not null and array_position(p_workspaces, null) is not null
            union all
            select from one_time_link l
            where l.kind = 'invitation' and l.email = p_email and l.expires_at > clock_timestamp())
        then
            refusal := 'unknown';
            return;
        end if;
        insert into person (public_id, email, name, oidc_issuer, oidc_subject)
            values (p_public_id, p_email, p_name, p_issuer, p_subject)
            on conflict on constraint person_email_unique do nothing
            returning * into v_person;
        -- Somebody else has made the person meanwhile: who that is is looked at again.
        exit when found;
    end loop;
    if v_person.disabled_at is not null then
        refusal := 'disabled';
        return;
    end if;
    known := v_person.person_id;
    if v_person.oidc_issuer is distinct from p_issuer or v_person.oidc_subject is distinct from p_subject then
        update person p
            set oidc_issuer = p_issuer, oidc_subject = p_subject, password = null, totp_secret = null, totp_step = 0
            where p.person_id = known;
        delete from recovery_code r where r.person_id = known;
        delete from session s where s.person_id = known;
        perform forget_links_of(known);
        insert into audit_entry (workspace_id, person_id, action)
            select m.workspace_id, known, 'account.provider' from membership m where m.person_id = known;
    end if;
    -- The address is proven; the link would ask for no more.
    if p_email = v_person.email then
        with accepted as (
            delete from one_time_link l
                where l.kind = 'invitation' and l.email = p_email and l.expires_at > clock_timestamp()
                returning l.workspace_id, l.role
        ), joined as (
            insert into membership (person_id, workspace_id, role) select known, a.workspace_id, a.role from accepted a
                on conflict (person_id, workspace_id) do nothing
                returning workspace_id
        )
        insert into audit_entry (workspace_id, person_id, action)
            select j.workspace_id, known, 'person.join' from joined j;
        if found then
            perform forget_links_of(known);
        end if;
    end if;
    if p_roles is not null then
        perform give_provider_roles(known, p_workspaces, p_roles);
    end if;
end $$;

-- The codes that were given back first, up to `p_most`, of files that may be handed out; `turns` is the hand-out's to
-- come. Nothing is taken yet: `pass_returned` does that. One row; its arrays are null if there are none.
create or replace function choose_returned(p_list bigint, p_most integer)
returns table (codes text[], files bigint[], ordinals bigint[], turns integer[], places bigint[])
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        select array_agg(r.code), array_agg(r.file_id), array_agg(r.ordinal), array_agg(r.turn + 1), array_agg(r.place)
        from (
            select r.* from coupon_file f
            cross join lateral (
                select coalesce((select c.place from returned_cursor c
                                 where c.list_id = p_list and c.file_id = f.file_id
                                 order by c.place desc limit 1), 0) as place offset 0
            ) c
            cross join lateral (
                select r.code, r.file_id, r.ordinal, r.turn, r.place from returned r
                where r.list_id = p_list and r.file_id + 0 = f.file_id and r.place > c.place
                order by r.place limit p_most
            ) r
            where f.list_id = p_list and f.has_returned and f.sealed_at is null and f.quarantined_at is null
            order by f.file_id limit p_most
        ) r;
end $$;

-- Takes what `choose_returned` chose; the caller has kept the gate since.
create or replace function pass_returned(
    p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[], p_places bigint[]
) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
begin
    with passed as materialized (
        select t.file_id, max(t.place) as place from unnest(p_files, p_places) t (file_id, place) group by t.file_id
    ), removed as (
        delete from returned r using (
            select r.ctid from unnest(p_files, p_ordinals, p_turns) t (file_id, ordinal, turn)
            cross join lateral (
                select r.ctid from returned r
                where r.list_id = p_list and r.file_id = t.file_id and r.ordinal = t.ordinal and r.turn = t.turn - 1
                offset 0
            ) r
        ) t
        where r.list_id = p_list and r.ctid = t.ctid
    ), former as (
        delete from returned_cursor c using (
            select c.ctid from passed p
            cross join lateral (
                select c.ctid from returned_cursor c where c.list_id = p_list and c.file_id = p.file_id
                order by c.place desc limit 1
            ) c
        ) t
        where c.list_id = p_list and c.ctid = t.ctid
    )
    insert into returned_cursor (list_id, file_id, place) select p_list, p.file_id, p.place from passed p;
end $$;

-- Puts codes back: into the pool, or, of a sealed file, which has none, onto the count of what was withdrawn.
create or replace function put_back(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[], p_codes text[])
returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    -- Of one file after the other, so that each file's are numbered in the order given.
    insert into returned (list_id, file_id, ordinal, turn, code)
        select p_list, t.file_id, t.ordinal, t.turn, t.code
        from unnest(p_files, p_ordinals, p_turns, p_codes) t (file_id, ordinal, turn, code)
        join coupon_file f on f.list_id = p_list and f.file_id = t.file_id and f.sealed_at is null;
    update coupon_file f
        set withdrawn = f.withdrawn + case when f.sealed_at is null then 0 else w.number end,
            has_returned = f.has_returned or f.sealed_at is null
        from (select t.file_id, count(*) as number from unnest(p_files) t (file_id) group by t.file_id) w
        where f.list_id = p_list and f.file_id = w.file_id and (f.sealed_at is not null or not f.has_returned);
    if found then
        perform note_at_gate(p_list);
    end if;
end $$;

-- Counts up to `p_most` codes that lie in `returned` for sealed files as withdrawn, and removes them. Answers how many; to
-- be repeated until they are fewer than `p_most`.
create or replace function withdraw_returned(p_list bigint, p_most integer) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_removed integer;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    with removed as (
        delete from returned r using (
            select r.ctid from coupon_file f
            cross join lateral (
                select r.ctid from returned r where r.list_id = p_list and r.file_id + 0 = f.file_id
                order by r.place limit p_most
            ) r
            where f.list_id = p_list and f.sealed_at is not null and f.has_returned limit p_most
        ) t
        where r.list_id = p_list and r.ctid = t.ctid
        returning r.file_id
    ), counted as (
        update coupon_file f set withdrawn = f.withdrawn + w.number
        from (select r.file_id, count(*) as number from removed r group by r.file_id) w
        where f.list_id = p_list and f.file_id = w.file_id
    )
    select count(*) into v_removed from removed;
    return v_removed;
end $$;

-- A mail to each of those who subscribed to the list. Who gets it is settled now.
create or replace function enqueue_alert(p_list bigint, p_mail jsonb) returns void
language plpgsql volatile as $$
begin
    insert into job (kind, list_id, payload)
        select 'send_mail', c.list_id, p_mail || jsonb_build_object('to', subscriber)
        from coupon_list c, unnest(c.subscribers) subscriber where c.list_id = p_list;
end $$;

-- The first of a file's ordinals from `p_low` on that was handed out at the instant or later; `p_high` if none before that was.
-- A file's ordinals were handed out in the order of time, so it is found by halving: no index on times, and nothing is counted.
create or replace function first_since(p_list bigint, p_file bigint, p_low bigint, p_high bigint, p_at timestamptz)
returns bigint
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_low bigint := p_low;
    v_high bigint := p_high;
    v_middle bigint;
    v_at timestamptz;
begin
    -- Everything before v_low was handed out earlier, everything from v_high on at the instant or later.
    while v_low < v_high loop
        v_middle := (v_low + v_high) / 2;
        -- Disabled codes were skipped: the nearest one at or before it.
        select l.allocated_at into v_at from ledger l
            where l.list_id = p_list and l.file_id = p_file and l.ordinal <= v_middle and l.turn = 0
            order by l.ordinal desc limit 1;
        if v_at >= p_at then
            v_high := v_middle;
        else
            v_low := v_middle + 1;
        end if;
    end loop;
    return v_low;
end $$;

-- How many fresh codes a list handed out from each of these instants, which ascend, to the next: one number fewer than there are
-- instants. Each search begins where the one before it ended.
create or replace function hand_outs_between(p_list bigint, p_instants timestamptz[]) returns bigint[]
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_sums bigint[] := array_fill(0::bigint, array[greatest(cardinality(p_instants) - 1, 0)]);
    v_file record;
    v_first_at timestamptz;
    v_last record;
    v_next bigint;
    v_before bigint;
    v_passed bigint;
begin
    for v_file in
        select f.file_id from coupon_file f where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0
    loop
        select l.ordinal, l.allocated_at into v_last from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_last.ordinal is null or v_last.allocated_at < p_instants[1];
        select l.allocated_at into v_first_at from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal limit 1;
        v_next := 0;
        for v_i in 1 .. cardinality(p_instants) loop
            -- Before a file's first hand-out there is nothing to look for.
            continue when p_instants[v_i] <= v_first_at;
            v_before := v_next;
            v_next := first_since(p_list, v_file.file_id, v_before, v_last.ordinal + 1, p_instants[v_i]);
            continue when v_i = 1 or v_next = v_before;
            -- Disabled codes that the cursor passed over were handed out to nobody; they are counted by ranges.
            select coalesce(sum(least(r.last, v_next - 1) - greatest(r.first, v_before) + 1), 0) into v_passed
                from disabled_run r
                where r.list_id = p_list and r.file_id = v_file.file_id and r.last >= v_before and r.first < v_next;
            v_sums[v_i - 1] := v_sums[v_i - 1] + v_next - v_before - v_passed;
        end loop;
    end loop;
    return v_sums;
end $$;

-- The lists whose stock has to be looked at: those that want to be told, and those that were and no longer want to.
create or replace function lists_to_watch() returns setof bigint
language plpgsql stable as $$
begin
    return query
    select c.list_id from coupon_list c
    where c.status = 'ACTIVE' and (c.alerts #>> '{coupon_shortage_alert,alert}')::boolean
    union
    select w.list_id from list_watch w where w.shortage_fired_at is not null;
end $$;

-- How fast a list is used up: what it has, since when there have been codes, and how many were handed out lately.
create or replace function pace(p_list bigint) returns table (
    expires_at timestamptz, available bigint, now timestamptz, active boolean, since timestamptz, minute bigint, hour bigint,
    day bigint, week bigint
)
language plpgsql stable as $$
declare
    v_lately bigint[];
begin
    now := clock_timestamp();
    select c.expires_at, c.status = 'ACTIVE' and c.expires_at > now into expires_at, active
        from coupon_list c where c.list_id = p_list;
    select s.available into available from stock(p_list, active, now) s;
    select min(f.published_at) into since from coupon_file f where f.list_id = p_list;
    v_lately := hand_outs_between(p_list, array[now - interval '7 days', now - interval '1 day', now - interval '1 hour',
                                                now - interval '1 minute', 'infinity']);
    minute := v_lately[4];
    hour := minute + v_lately[3];
    day := hour + v_lately[2];
    week := day + v_lately[1];
    return next;
end $$;

-- What became lately of these lists of a workspace: hand-outs from instant to instant, as hand_outs_between() tells them, when the
-- newest file came, and how many files are still being loaded.
create or replace function pulses(p_workspace bigint, p_lists bytea[], p_instants timestamptz[])
returns table (list bytea, handed_out bigint[], newest_file_at timestamptz, loading bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_list record;
begin
    for v_list in
        select c.list_id, c.public_id from coupon_list c where c.workspace_id = p_workspace and c.public_id = any (p_lists)
    loop
        list := v_list.public_id;
        select max(f.created_at), count(*) filter (where f.status = 'PENDING') into newest_file_at, loading
            from coupon_file f where f.list_id = v_list.list_id and f.deleted_at is null and not f.dry_run;
        handed_out := hand_outs_between(v_list.list_id, p_instants);
        return next;
    end loop;
end $$;

-- Reminds of expiries that are near, once a day of the zone, from the day `days_before` days ahead to the last one.
-- Answers how many lists there were.
create or replace function remind_of_expiries(p_zone text) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_today date := (v_now at time zone p_zone)::date;
    v_list record;
    v_reminded integer := 0;
begin
    for v_list in
        select c.list_id, (c.expires_at at time zone p_zone)::date - v_today as days_left
        from coupon_list c left join list_watch w using (list_id)
        where c.status = 'ACTIVE' and (c.alerts #>> '{expiry_alert,alert}')::boolean and c.expires_at > v_now
          and (c.expires_at at time zone p_zone)::date - v_today <= (c.alerts #>> '{expiry_alert,days_before}')::integer
          and coalesce(w.reminded_on, '-infinity') < v_today
    loop
        -- Of two that look at the same time one finds the day taken.
        insert into list_watch as w (list_id, reminded_on) values (v_list.list_id, v_today)
            on conflict (list_id) do update set reminded_on = excluded.reminded_on
            where coalesce(w.reminded_on, '-infinity') < excluded.reminded_on;
        if found then
            perform enqueue_alert(v_list.list_id, jsonb_build_object('mail', 'expiry', 'days_left', v_list.days_left));
            v_reminded := v_reminded + 1;
        end if;
    end loop;
    return v_reminded;
end $$;

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

-- What a list holds now.
create or replace function stock_now(p_list bigint)
returns table (total bigint, available bigint, held bigint, allocated bigint, disabled bigint, quarantined bigint)
language plpgsql stable as $$
declare
    v_now timestamptz := clock_timestamp();
    v_active boolean;
begin
    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    return query select * from stock(p_list, v_active, v_now);
end $$;

-- Tells of a shortage once, until there was enough again; and, unless codes were loaded or the list was changed in
-- between, not twice within an hour: a code that is held and given back at the threshold is no news. The row's lock orders
-- those who look at the same time; what they look at is read after it. Nothing here touches the gate: handing out never
-- waits for a look.
create or replace function watch_stock(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_watch list_watch;
    v_list coupon_list;
    v_threshold bigint;
    v_available bigint;
    v_now timestamptz;
begin
    insert into list_watch (list_id) values (p_list) on conflict do nothing;
    select * into v_watch from list_watch w where w.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if v_list.status <> 'ACTIVE' or v_list.expires_at <= v_now
       or not (v_list.alerts #>> '{coupon_shortage_alert,alert}')::boolean then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
        return;
    end if;
    if v_watch.shortage_fired_at < v_list.active_since then
        v_watch.shortage_fired_at := null;
    end if;
    v_threshold := (v_list.alerts #>> '{coupon_shortage_alert,threshold_count}')::bigint;
    select s.available into v_available from stock(p_list, true, v_now) s;
    if v_available >= v_threshold then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
    elsif v_watch.shortage_fired_at is null
          and exists (select from coupon_file f where f.list_id = p_list and f.published_at >= v_list.active_since)
          -- A clock that was set back must not keep anybody from being told.
          and (v_watch.shortage_told_at is null
               or v_watch.shortage_told_at not between v_now - interval '1 hour' and v_now
               or v_list.updated_at > v_watch.shortage_told_at
               or exists (select from coupon_file f
                          where f.list_id = p_list and f.published_at > v_watch.shortage_told_at)) then
        update list_watch w set shortage_fired_at = v_now, shortage_told_at = v_now where w.list_id = p_list;
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'shortage', 'available', v_available,
                                                         'threshold', v_threshold));
    end if;
end $$;

-- Begins a report: removes the pieces that an interrupted try left. Waits for an erasure in the workspace. Answers false,
-- and changes nothing, if the job is someone else's by now.
create or replace function begin_report(p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from workspace w
        where w.workspace_id = (select c.workspace_id from coupon_list c where c.list_id = p_list) for share;
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = p_list and p.report_id = p_report;
    return true;
end $$;

-- Removes the report, what builds it, what would tell of it and what became of its mails. Answers false if the workspace has
-- no such report, or none of these lists has it (null: all). The jobs are locked first, as by everything that changes both: whoever keeps a piece holds its job and the
-- report, so that no piece comes after.
create or replace function delete_report(p_workspace bigint, p_public_id bytea, p_lists bigint[]) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
    v_report bigint;
    v_jobs bigint[];
begin
    select r.list_id, r.report_id into v_list, v_report
        from usage_report r join coupon_list c using (list_id)
        where r.public_id = p_public_id and c.workspace_id = p_workspace
          and (p_lists is null or r.list_id = any (p_lists));
    if not found then
        return false;
    end if;
    v_jobs := array(
        select j.job_id from job j
        where j.list_id = v_list and j.kind in ('build_report', 'send_mail')
          and (j.payload ->> 'report_id')::bigint = v_report
          and (j.kind = 'build_report' or j.payload ->> 'mail' = 'report')
        order by j.job_id for update);
    delete from usage_report r where r.list_id = v_list and r.report_id = v_report;
    if not found then
        return false;
    end if;
    delete from usage_report_piece p where p.list_id = v_list and p.report_id = v_report;
    delete from report_mail m where m.list_id = v_list and m.report_id = v_report;
    delete from job j where j.job_id = any (v_jobs);
    -- A report that was ready in between has told of itself.
    delete from job j
        where j.list_id = v_list and j.kind = 'send_mail' and j.state = 'ready' and j.payload ->> 'mail' = 'report'
          and (j.payload ->> 'report_id')::bigint = v_report;
    return true;
end $$;

-- Ends the job of a mail that the relay has taken. False if the job is someone else's by now, who sends it again.
create or replace function end_mail(p_job bigint, p_attempt integer, p_owner uuid, p_sent_as text) returns boolean
language plpgsql volatile as $$
declare
    v_job job;
begin
    select * into v_job from job j
        where j.job_id = p_job and job_is_mine(j, p_attempt, p_owner) for update;
    if not found then
        return false;
    end if;
    perform note_report_mail(v_job, 'SENT', p_sent_as, null);
    return end_job(p_job, p_attempt, p_owner, clock_timestamp());
end $$;

-- Ends a report, and tells those who asked for it. `p_failure` is null for one that can be read. Answers false if the
-- job is someone else's by now. A report that can be read has pieces of as many
-- bytes as were written.
create or replace function end_report(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_failure text, p_rows bigint,
    p_bytes bigint, p_gzip_bytes bigint
) returns boolean
language plpgsql volatile as $$
begin
    if not end_job(p_job, p_attempt, p_owner, clock_timestamp()) then
        return false;
    end if;
    if p_failure is null and p_gzip_bytes <> (
        select coalesce(sum(octet_length(p.bytes)), 0) from usage_report_piece p
        where p.list_id = p_list and p.report_id = p_report
    ) then
        raise exception 'the pieces of report % are not the % bytes that were written', p_report, p_gzip_bytes;
    end if;
    perform settle_report(p_list, p_report, p_failure, p_rows, p_bytes, p_gzip_bytes);
    return true;
end $$;

-- Keeps the piece with this number of a report. Answers false, and keeps nothing, if the job is someone else's by now, or
-- the report is gone. The job is locked first, as by everything that changes both.
create or replace function keep_report_piece(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_report bigint, p_number integer, p_bytes bytea
) returns boolean
language plpgsql volatile as $$
begin
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    perform 1 from usage_report r
        where r.list_id = p_list and r.report_id = p_report and r.status = 'PENDING' for key share;
    if not found then
        return false;
    end if;
    insert into usage_report_piece (list_id, report_id, number, bytes) values (p_list, p_report, p_number, p_bytes);
    return true;
end $$;

-- Notes what became of a mail, if it is one about a report; the caller has locked its job. Without a reason the one noted
-- before stays.
create or replace function note_report_mail(p_job job, p_status text, p_sent_as text, p_reason text) returns void
language plpgsql volatile as $$
declare
    v_report bigint := (p_job.payload ->> 'report_id')::bigint;
    v_settled_at timestamptz := case when p_status <> 'WAITING' then clock_timestamp() end;
begin
    if p_job.kind <> 'send_mail' or p_job.payload ->> 'mail' is distinct from 'report' then
        return;
    end if;
    if p_status = 'SENT' then
        update usage_report r set mailed_at = coalesce(r.mailed_at, v_settled_at)
            where r.list_id = p_job.list_id and r.report_id = v_report;
    end if;
    update report_mail m set status = p_status, sent_as = p_sent_as, settled_at = v_settled_at,
            reason = case when p_status <> 'SENT' then coalesce(p_reason, m.reason, 'the server failed repeatedly') end
        where m.list_id = p_job.list_id and m.report_id = v_report and m.recipient = p_job.payload ->> 'to';
end $$;

-- Asks for a report; answers why there will be none, or null. `p_first_day_ends` and `p_last_day_begins` place the two
-- days on the clock.
create or replace function request_report(
    p_list bigint, p_public_id bytea, p_start_date date, p_end_date date, p_from timestamptz,
    p_first_day_ends timestamptz, p_last_day_begins timestamptz, p_until timestamptz, p_subscribers text[]
) returns request_report_refusal
language plpgsql volatile as $$
declare
    v_report bigint;
begin
    perform 1 from coupon_list c where c.list_id = p_list and c.created_at >= p_first_day_ends;
    if found then
        return 'too-early';
    end if;
    if p_last_day_begins > clock_timestamp() then
        return 'in-future';
    end if;
    insert into usage_report (list_id, public_id, start_date, end_date, from_at, until_at, subscribers)
        values (p_list, p_public_id, p_start_date, p_end_date, p_from, p_until, p_subscribers)
        returning report_id into v_report;
    insert into job (kind, list_id, payload)
        values ('build_report', p_list, jsonb_build_object('report_id', v_report));
    return null;
end $$;

-- Ends a report whose job the caller has, and enqueues a mail to each of those who asked for it.
create or replace function settle_report(
    p_list bigint, p_report bigint, p_failure text, p_rows bigint, p_bytes bigint, p_gzip_bytes bigint
) returns void
language plpgsql volatile as $$
begin
    update usage_report r
        set status = case when p_failure is null then 'READY' else 'FAILED' end, failure = p_failure, rows = p_rows,
            bytes = p_bytes, gzip_bytes = p_gzip_bytes, ended_at = clock_timestamp()
        where r.list_id = p_list and r.report_id = p_report and r.status = 'PENDING';
    insert into job (kind, list_id, payload)
        select 'send_mail', r.list_id,
               jsonb_build_object('mail', 'report', 'report_id', r.report_id, 'to', subscriber)
        from usage_report r, unnest(r.subscribers) subscriber
        where r.list_id = p_list and r.report_id = p_report;
    insert into report_mail (list_id, report_id, recipient)
        select r.list_id, r.report_id, subscriber
        from usage_report r, unnest(r.subscribers) subscriber
        where r.list_id = p_list and r.report_id = p_report
        on conflict do nothing;
end $$;

-- The key that a server is configured with, at its start: it becomes the configured one, and those before it, `former`,
-- open nothing from now on. It has every right, whatever it had before. Null if it was the configured one already, or stays
-- revoked since `ended_at`.
create or replace function configure_api_key(
    p_workspace bigint, p_hash text, out former bigint[], out ended_at timestamptz
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    -- Servers that start at the same time come one after the other, and the second finds what the first did.
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if v_key.revoked_at is not null then
        ended_at := v_key.revoked_at;
        return;
    end if;
    if v_key.configured then
        return;
    end if;
    -- One whose end is set keeps it: somebody gave its clients that long.
    with ended as (
        update api_key k set revoked_at = clock_timestamp()
            where k.workspace_id = p_workspace and k.configured and k.revoked_at is null
            returning k.api_key_id
    )
    select coalesce(array_agg(e.api_key_id order by e.api_key_id), '{}') into former from ended e;
    if v_key.api_key_id is null then
        insert into api_key (workspace_id, label, hash, configured, role)
            values (p_workspace, 'configured', p_hash, true, 'manage')
            returning * into v_key;
        perform note_key_command(p_workspace, 'key.create', v_key.api_key_id, null);
    else
        update api_key k set configured = true, role = 'manage', lists = null where k.api_key_id = v_key.api_key_id;
        perform note_key_command(p_workspace, 'key.configure', v_key.api_key_id, null);
    end if;
    perform note_key_command(p_workspace, 'key.revoke', f.api_key_id, null) from unnest(former) as f (api_key_id);
end $$;

-- How many keys open the workspace; the configured one is not among them.
create or replace function count_keys(p_workspace bigint) returns bigint
language plpgsql volatile as $$
begin
    return (select count(*) from api_key k
            where k.workspace_id = p_workspace and not k.configured
              and (k.revoked_at is null or k.revoked_at > clock_timestamp()));
end $$;

-- Counts a request, if both windows have room for it (null: no limit). Tells about the window with the least room; of
-- a refused request, about the one that refused it, the day before the minute: that is how long there is to wait.
create or replace function count_request(p_workspace bigint, p_operation text, p_a_minute integer, p_a_day integer)
returns table (allowed boolean, quota integer, remaining integer, reset_at bigint, retry_after integer)
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_count request_count;
    v_minute_left integer;
    v_day_left integer;
    v_allowed boolean;
    v_by_day boolean;
    v_reset timestamptz;
begin
    insert into request_count (workspace_id, operation, minute, minute_used, day, day_used)
        values (p_workspace, p_operation, date_trunc('minute', v_now), 0, date_trunc('day', v_now, 'UTC'), 0)
        on conflict do nothing;
    select * into v_count from request_count c
        where c.workspace_id = p_workspace and c.operation = p_operation for no key update;
    -- After the lock: whoever waited over midnight belongs to the new day.
    v_now := clock_timestamp();
    -- A clock that is set back grants no window twice: the newer one goes on.
    if date_trunc('minute', v_now) > v_count.minute then
        v_count.minute := date_trunc('minute', v_now);
        v_count.minute_used := 0;
    end if;
    if date_trunc('day', v_now, 'UTC') > v_count.day then
        v_count.day := date_trunc('day', v_now, 'UTC');
        v_count.day_used := 0;
    end if;
    v_minute_left := p_a_minute - v_count.minute_used;
    v_day_left := p_a_day - v_count.day_used;
    v_allowed := coalesce(v_minute_left, 1) > 0 and coalesce(v_day_left, 1) > 0;
    if v_allowed then
        v_minute_left := v_minute_left - 1;
        v_day_left := v_day_left - 1;
        update request_count c
            set minute = v_count.minute, minute_used = v_count.minute_used + 1,
                day = v_count.day, day_used = v_count.day_used + 1
            where c.workspace_id = p_workspace and c.operation = p_operation;
        v_by_day := p_a_minute is null or v_day_left < v_minute_left;
    else
        v_by_day := v_day_left <= 0;
    end if;
    v_reset := case when v_by_day then v_count.day + interval '24 hours' else v_count.minute + interval '1 minute' end;
    return query select v_allowed,
                        case when v_by_day then p_a_day else p_a_minute end,
                        greatest(case when v_by_day then v_day_left else v_minute_left end, 0),
                        extract(epoch from v_reset)::bigint,
                        greatest(ceil(extract(epoch from v_reset - v_now)), 1)::integer;
end $$;

-- Makes a key; answers its number, or why there is none. `p_lists` are the ids of the lists that it sees; null: all.
create or replace function create_api_key(
    p_workspace bigint, p_label text, p_hash text, p_role text, p_lists bytea[], p_most bigint,
    p_most_lists integer, p_person bigint,
    out refusal create_api_key_refusal, out key_id bigint
)
language plpgsql volatile as $$
declare
    v_key api_key;
    -- Never null where lists were named, so that no mistake makes a key for all of them.
    v_lists bigint[];
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if found then
        refusal := case when v_key.revoked_at is null then 'taken' else 'revoked' end;
        return;
    end if;
    if count_keys(p_workspace) >= p_most then
        refusal := 'too-many';
        return;
    end if;
    if cardinality(p_lists) > p_most_lists then
        refusal := 'too-many-lists';
        return;
    end if;
    if p_lists is not null then
        v_lists := array(
            select c.list_id from coupon_list c
            where c.workspace_id = p_workspace and c.public_id = any (p_lists) order by c.list_id);
        if cardinality(v_lists) = 0 or cardinality(v_lists) <> (select count(distinct l) from unnest(p_lists) l) then
            refusal := 'no-list';
            return;
        end if;
    end if;
    insert into api_key (workspace_id, label, hash, role, lists) values (p_workspace, p_label, p_hash, p_role, v_lists)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.create', key_id, p_person);
end $$;

-- Removes a person from the ledger of these lists of a workspace: the id, what the sender called the request, and what
-- a shop said about the redemption. Codes, counts and request keys stay. Reports that may name the person go too, and actions
-- on the person's hand-outs end.
-- Answers how many hand-outs there were. Of each list come the bounds of the person's request keys, as
-- `allocations_of_user` wants them.
create or replace function erase_user(
    p_workspace bigint, p_user text, p_lists bigint[], p_first_keys uuid[], p_last_keys uuid[]
) returns bigint
language plpgsql volatile as $$
declare
    v_list bigint;
    v_one record;
    v_erased bigint;
    v_sum bigint := 0;
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
    for v_i in 1 .. cardinality(p_lists) loop
        v_list := p_lists[v_i];
        v_erased := 0;
        for v_one in
            select a.file_id, a.ordinal, a.turn
            from allocations_of_user(v_list, p_user, p_first_keys[v_i], p_last_keys[v_i]) a
        loop
            update ledger l set user_id = null, request_id = null
                where l.list_id = v_list and l.file_id = v_one.file_id and l.ordinal = v_one.ordinal and l.turn = v_one.turn
                  and l.user_id = p_user;
            continue when not found;
            v_erased := v_erased + 1;
            update event e set detail = e.detail - 'metadata'
                where e.list_id = v_list and e.file_id = v_one.file_id and e.ordinal = v_one.ordinal
                  and e.turn = v_one.turn and e.detail is not null;
        end loop;
        -- Without the person an action would be on everybody's hand-outs.
        perform fail_bulk_action(v_list, b.bulk_action_id, 'the person was erased') from bulk_action b
            where b.list_id = v_list and b.user_id = p_user and b.status = 'PENDING';
        update bulk_action b set user_id = null, of_erased = true where b.list_id = v_list and b.user_id = p_user;
        if v_erased > 0 then
            v_sum := v_sum + v_erased;
            -- A report that is being built has read the ledger as it was: its worker loses it, and another begins. One
            -- that is ending has the lock, and is seen as ended by the statements that follow.
            update job j set state = 'ready', lease_owner = null, lease_until = null
                where j.list_id = v_list and j.kind = 'build_report' and j.state = 'running';
            delete from usage_report r where r.list_id = v_list and r.status <> 'PENDING';
            delete from usage_report_piece p where p.list_id = v_list;
            delete from report_mail m where m.list_id = v_list and not exists (
                select from usage_report r where r.list_id = m.list_id and r.report_id = m.report_id);
        end if;
    end loop;
    return v_sum;
end $$;

-- What one workspace's keys are changed under. Nothing that hands codes out waits for it.
create or replace function lock_keys(p_workspace bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
end $$;

-- What was done to keys goes into the workspace's audit log: by a person at the console, or (null) by a command of the program.
create or replace function note_key_command(p_workspace bigint, p_action text, p_key bigint, p_person bigint) returns void
language plpgsql volatile as $$
begin
    insert into audit_entry (workspace_id, person_id, action, object_id)
        values (p_workspace, p_person, p_action, p_key::text);
end $$;

-- Ends a key; one that was ended before stays as it is. No row if there is no such key. `left_over` is how many keys
-- still open the workspace.
create or replace function revoke_api_key(p_workspace bigint, p_key bigint, p_person bigint)
returns table (revoked_at timestamptz, configured boolean, left_over bigint)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        return;
    end if;
    if v_key.revoked_at is null or v_key.revoked_at > clock_timestamp() then
        update api_key k set revoked_at = clock_timestamp() where k.api_key_id = p_key returning * into v_key;
        perform note_key_command(p_workspace, 'key.revoke', p_key, p_person);
    end if;
    return query
        select v_key.revoked_at, v_key.configured, count(*) from api_key k
        where k.workspace_id = p_workspace and (k.revoked_at is null or k.revoked_at > clock_timestamp());
end $$;

-- Makes a key with the label and the rights of another one, and ends that after `p_overlap`; or answers why not. A key that ends at
-- once makes room for the one that follows it.
create or replace function rotate_api_key(
    p_workspace bigint, p_key bigint, p_hash text, p_overlap interval, p_most bigint, p_person bigint,
    out refusal rotate_api_key_refusal, out key_id bigint, out label text, out former_ends_at timestamptz,
    out former_configured boolean
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        refusal := 'no-key';
        return;
    end if;
    if v_key.revoked_at is not null then
        refusal := 'revoked';
        return;
    end if;
    if count_keys(p_workspace) - (not v_key.configured and p_overlap = interval '0')::int >= p_most then
        refusal := 'too-many';
        return;
    end if;
    update api_key k set revoked_at = clock_timestamp() + p_overlap where k.api_key_id = p_key
        returning k.revoked_at into former_ends_at;
    insert into api_key (workspace_id, label, hash, role, lists)
        values (p_workspace, v_key.label, p_hash, v_key.role, v_key.lists)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.rotate', p_key, p_person);
    label := v_key.label;
    former_configured := v_key.configured;
end $$;

-- Takes the key for `p_public_id`; waits for a request under way with the same key. Answers what the key stands for: this
-- id, or what the first request made; null if that was another request.
create or replace function take_idempotency_key(
    p_workspace bigint, p_operation text, p_key text, p_hash bytea, p_public_id bytea
) returns bytea
language plpgsql volatile as $$
begin
    insert into idempotent_request (workspace_id, operation, key, request_hash, public_id)
        values (p_workspace, p_operation, p_key, p_hash, p_public_id) on conflict do nothing;
    return (
        select r.public_id from idempotent_request r
        where r.workspace_id = p_workspace and r.operation = p_operation and r.key = p_key and r.request_hash = p_hash);
end $$;
