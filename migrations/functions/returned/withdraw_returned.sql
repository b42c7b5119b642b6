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
