-- Lists of a workspace as they are shown, the newest first: those with the status, of those named, after the one given. Each
-- filter may be null. What a list holds is asked for those that are shown, one after the other.
create or replace function read_lists(
    p_workspace bigint, p_status text, p_lists bigint[], p_limit bigint, p_offset bigint, p_after_created timestamptz,
    p_after_id bytea
) returns table (
    public_id bytea, name text, label text, status text, expires_at timestamptz, created_by text, subscribers text[],
    alerts jsonb, created_at timestamptz, updated_at timestamptz, total bigint, available bigint
)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_list bigint;
begin
    for v_list in
        select c.list_id from coupon_list c
        where c.workspace_id = p_workspace
          and (p_lists is null or c.list_id = any (p_lists))
          and (p_status is null
               or p_status = case when c.status = 'ACTIVE' and c.expires_at <= v_now then 'EXPIRED' else c.status end)
          and (p_after_created is null or c.created_at < p_after_created
               or c.created_at = p_after_created and c.public_id > p_after_id)
        order by c.created_at desc, c.public_id
        limit p_limit offset p_offset
    loop
        return query select * from read_list(v_list, v_now);
    end loop;
end $$;
