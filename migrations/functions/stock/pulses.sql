-- What became lately of these lists of a workspace: hand-outs from instant to instant, as hand_outs_between() tells them, when the
-- newest file came, and how many files are still being loaded.
create or replace function pulses(p_workspace bigint, p_lists bytea[], p_instants timestamptz[])
returns table (list bytea, handed_out bigint[], newest_file_at timestamptz, loading bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_list record;
begin
    for v_list in
        select c.list_id, c.public_id from coupon_list c where c.workspace_id = p_workspace and c.public_id = any (p_lists)
    loop
        list := v_list.public_id;
        select max(f.created_at), count(*) filter (where f.status = 'PENDING') into newest_file_at, loading
            from coupon_file f where f.list_id = v_list.list_id and f.deleted_at is null and not f.dry_run;
        handed_out := hand_outs_between(v_list.list_id, p_instants);
        return next;
    end loop;
end $$;
