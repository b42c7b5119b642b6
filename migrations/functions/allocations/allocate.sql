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
