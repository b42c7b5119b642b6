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
