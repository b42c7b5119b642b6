-- What a list holds now.
create or replace function stock_now(p_list bigint)
returns table (total bigint, available bigint, held bigint, allocated bigint, disabled bigint, quarantined bigint)
language plpgsql stable as $$
declare
    v_now timestamptz := clock_timestamp();
    v_active boolean;
begin
    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    return query select * from stock(p_list, v_active, v_now);
end $$;
