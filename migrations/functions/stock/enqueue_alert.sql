-- A mail to each of those who subscribed to the list. Who gets it is settled now.
create or replace function enqueue_alert(p_list bigint, p_mail jsonb) returns void
language plpgsql volatile as $$
begin
    insert into job (kind, list_id, payload)
        select 'send_mail', c.list_id, p_mail || jsonb_build_object('to', subscriber)
        from coupon_list c, unnest(c.subscribers) subscriber where c.list_id = p_list;
end $$;
