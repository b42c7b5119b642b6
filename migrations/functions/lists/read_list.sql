-- A list as it is shown, with what it holds. `p_now` null: now.
create or replace function read_list(p_list bigint, p_now timestamptz default null) returns table (
    public_id bytea, name text, label text, status text, expires_at timestamptz, created_by text, subscribers text[],
    alerts jsonb, created_at timestamptz, updated_at timestamptz, total bigint, available bigint
)
language plpgsql stable as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    select c.public_id, c.name, c.label, case when c.status = 'ACTIVE' and c.expires_at <= v_now then 'EXPIRED' else c.status end,
           c.expires_at, c.created_by, c.subscribers, c.alerts, c.created_at, c.updated_at
        into public_id, name, label, status, expires_at, created_by, subscribers, alerts, created_at, updated_at
        from coupon_list c where c.list_id = p_list;
    if not found then
        return;
    end if;
    select s.total, s.available into total, available from stock(p_list, status = 'ACTIVE', v_now) s;
    return next;
end $$;
