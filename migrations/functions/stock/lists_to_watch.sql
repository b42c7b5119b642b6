-- The lists whose stock has to be looked at: those that want to be told, and those that were and no longer want to.
create or replace function lists_to_watch() returns setof bigint
language plpgsql stable as $$
begin
    return query
    select c.list_id from coupon_list c
    where c.status = 'ACTIVE' and (c.alerts #>> '{coupon_shortage_alert,alert}')::boolean
    union
    select w.list_id from list_watch w where w.shortage_fired_at is not null;
end $$;
