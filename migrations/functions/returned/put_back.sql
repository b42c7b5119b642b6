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
