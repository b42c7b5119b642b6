-- Reminds of expiries that are near, once a day of the zone, from the day `days_before` days ahead to the last one.
-- Answers how many lists there were.
create or replace function remind_of_expiries(p_zone text) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_today date := (v_now at time zone p_zone)::date;
    v_list record;
    v_reminded integer := 0;
begin
    for v_list in
        select c.list_id, (c.expires_at at time zone p_zone)::date - v_today as days_left
        from coupon_list c left join list_watch w using (list_id)
        where c.status = 'ACTIVE' and (c.alerts #>> '{expiry_alert,alert}')::boolean and c.expires_at > v_now
          and (c.expires_at at time zone p_zone)::date - v_today <= (c.alerts #>> '{expiry_alert,days_before}')::integer
          and coalesce(w.reminded_on, '-infinity') < v_today
    loop
        -- Of two that look at the same time one finds the day taken.
        insert into list_watch as w (list_id, reminded_on) values (v_list.list_id, v_today)
            on conflict (list_id) do update set reminded_on = excluded.reminded_on
            where coalesce(w.reminded_on, '-infinity') < excluded.reminded_on;
        if found then
            perform enqueue_alert(v_list.list_id, jsonb_build_object('mail', 'expiry', 'days_left', v_list.days_left));
            v_reminded := v_reminded + 1;
        end if;
    end loop;
    return v_reminded;
end $$;
