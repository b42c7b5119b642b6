-- What is given back, and holds that ran out: taken in their order from where the last one was taken, and never all at
-- once. Removed rows stay on disk while any snapshot is old enough to see them; a hand-out that looked for the first
-- row left had to step over all of them.
--
-- Rows to be removed are looked up one by one (`cross join lateral (… offset 0)`) and then removed where they are (`ctid`):
-- a plain join is planned on a nearly empty table as a scan of all the list's rows, dead ones too, and the plan is kept.

-- Codes given back are numbered, which happens under the gate, so the numbers of a list rise as its changes commit.
alter table returned add column place bigint generated always as identity;
alter table returned drop constraint returned_pkey;
alter table returned add primary key (list_id, file_id, ordinal, turn);
-- Of `file_id + 0`, and asked for so: a plan made while the table is empty takes any index that begins with the right
-- columns, and one that does not end with the right ones walks over all rows of the file. So each question has one index
-- that can answer it.
create index returned_in_order on returned ((file_id + 0), place);

-- Up to which place a file's returned codes have gone out again: the highest row of a file says so. Those below are
-- removed as they are replaced, so the highest is always found first.
create table returned_cursor (
    list_id bigint not null,
    file_id bigint not null,
    place   bigint not null,
    primary key (list_id, file_id, place)
);

-- Whether anything of the file was ever given back; set once in its life.
alter table coupon_file add column has_returned boolean not null default false;
update coupon_file f set has_returned = true
    where exists (select from returned r where r.list_id = f.list_id and r.file_id = f.file_id);
create index coupon_file_with_returned on coupon_file (list_id, file_id)
    where has_returned and sealed_at is null and quarantined_at is null;

-- File by file: holds of a file that is quarantined are not in the way of the others. `file_id + 0` as above.
create index hold_of_file_by_end on hold ((file_id + 0), held_until);
drop index hold_of_list_by_end;
-- Of all lists, for whoever looks for those to sweep; written so that no question about one file is answered by it.
drop index hold_by_end;
create index hold_by_end on hold ((held_until at time zone 'UTC'));

drop function take_returned(bigint, integer);
drop function sweep_holds(bigint);
drop function take_back_run_out_holds(bigint, timestamptz);

-- The codes that were given back first, up to `p_most`, of files that may be handed out; `turns` is the hand-out's to
-- come. Nothing is taken yet: `pass_returned` does that. One row; its arrays are null if there are none.
create function choose_returned(p_list bigint, p_most integer)
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
                where r.file_id + 0 = f.file_id and r.place > c.place
                order by r.place limit p_most
            ) r
            where f.list_id = p_list and f.has_returned and f.sealed_at is null and f.quarantined_at is null
            order by f.file_id limit p_most
        ) r;
end $$;

-- Takes what `choose_returned` chose; the caller has kept the gate since.
create function pass_returned(
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
        where r.ctid = t.ctid
    ), former as (
        delete from returned_cursor c using (
            select c.ctid from passed p
            cross join lateral (
                select c.ctid from returned_cursor c where c.list_id = p_list and c.file_id = p.file_id
                order by c.place desc limit 1
            ) c
        ) t
        where c.ctid = t.ctid
    )
    insert into returned_cursor (list_id, file_id, place) select p_list, p.file_id, p.place from passed p;
end $$;

-- Holds that ran out, up to `p_most`; `p_free` leaves out those of files that may not be handed out. Nothing is taken
-- yet: `end_holds` does that. One row; its arrays are null if there are none.
create function choose_run_out_holds(p_list bigint, p_now timestamptz, p_most integer, p_free boolean)
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
                where h.file_id + 0 = f.file_id and h.held_until <= p_now
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
create function end_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
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
        where h.ctid = t.ctid
        returning h.file_id, h.ordinal, h.turn, h.held_until
    )
    insert into event (list_id, file_id, ordinal, turn, kind, at)
    select p_list, g.file_id, g.ordinal, g.turn, 'RELEASED', g.held_until from gone g;
end $$;

-- Puts codes back: into the pool, or, of a sealed file, which has none, onto the count of what was withdrawn.
create function put_back(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[], p_codes text[])
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
end $$;

-- Gives back up to `p_most` codes whose holds ran out, so that they are counted and handed out as others are. A hold
-- that ran out is a code given back, also before anyone has booked it so. Answers how many; to be repeated until they
-- are fewer than `p_most`.
create function sweep_holds(p_list bigint, p_most integer) returns integer
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

-- Removes holds that have ended in another way.
create function remove_holds(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[]) returns void
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
    where h.ctid = t.ctid;
end $$;

-- Makes holds last. `outcome`: confirmed (now or before, or never a hold), released (given back, disabled, or the hold
-- ran out, whether or not somebody has taken the code since), unknown.
create or replace function confirm(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome text)
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
        select a.place, case when s.status is null then 'unknown'
                             when s.status in ('RELEASED', 'DISABLED') then 'released' else 'confirmed' end
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

-- Gives hand-outs back to the pool. `outcome`: released (now or before), redeemed, disabled (both stay), unknown.
create or replace function release(p_list bigint, p_files bigint[], p_ordinals bigint[], p_turns integer[])
returns table (n integer, outcome text)
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
        select a.place, case when s.status is null then 'unknown' when s.status = 'REDEEMED' then 'redeemed'
                             when s.status = 'DISABLED' then 'disabled' else 'released' end
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

-- Counts up to `p_most` codes that lie in `returned` for sealed files as withdrawn, and removes them. Answers how many; to
-- be repeated until they are fewer than `p_most`.
create function withdraw_returned(p_list bigint, p_most integer) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
    v_removed integer;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    with removed as (
        delete from returned r using (
            select r.ctid from coupon_file f
            cross join lateral (
                select r.ctid from returned r where r.file_id + 0 = f.file_id
                order by r.place limit p_most
            ) r
            where f.list_id = p_list and f.sealed_at is not null and f.has_returned limit p_most
        ) t
        where r.ctid = t.ctid
        returning r.file_id
    ), counted as (
        update coupon_file f set withdrawn = f.withdrawn + w.number
        from (select r.file_id, count(*) as number from removed r group by r.file_id) w
        where f.list_id = p_list and f.file_id = w.file_id
    )
    select count(*) into v_removed from removed;
    return v_removed;
end $$;
