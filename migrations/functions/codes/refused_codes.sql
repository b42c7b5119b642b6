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
