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
