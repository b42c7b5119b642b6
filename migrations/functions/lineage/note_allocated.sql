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
