-- Takes from the list's gate and files what was true once: that something was given back that is not out again, or disabled
-- that calls have yet to step over. They cost less from then on. To be called now and then, and not whenever it could be:
-- each time leaves row versions behind.
create or replace function tidy_gate(p_list bigint) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_files bigint[];
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    select coalesce(array_agg(f.file_id), '{}') into v_files
        from coupon_file f
        cross join lateral (
            select coalesce((select c.place from returned_cursor c
                             where c.list_id = p_list and c.file_id = f.file_id
                             order by c.place desc limit 1), 0) as place offset 0
        ) c
        where f.list_id = p_list and f.has_returned and f.sealed_at is null
          and (select r.place from returned r
               where r.list_id = p_list and r.file_id + 0 = f.file_id and r.place > c.place
               order by r.place limit 1) is null;
    update coupon_file f set has_returned = false where f.list_id = p_list and f.file_id = any (v_files);
    perform note_at_gate(p_list);
end $$;
