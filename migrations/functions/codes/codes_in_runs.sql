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
