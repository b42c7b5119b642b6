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
