-- Tells of a shortage once, until there was enough again; and, unless codes were loaded or the list was changed in
-- between, not twice within an hour: a code that is held and given back at the threshold is no news. The row's lock orders
-- those who look at the same time; what they look at is read after it. Nothing here touches the gate: handing out never
-- waits for a look.
create or replace function watch_stock(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_watch list_watch;
    v_list coupon_list;
    v_threshold bigint;
    v_available bigint;
    v_now timestamptz;
begin
    insert into list_watch (list_id) values (p_list) on conflict do nothing;
    select * into v_watch from list_watch w where w.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if v_list.status <> 'ACTIVE' or v_list.expires_at <= v_now
       or not (v_list.alerts #>> '{coupon_shortage_alert,alert}')::boolean then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
        return;
    end if;
    if v_watch.shortage_fired_at < v_list.active_since then
        v_watch.shortage_fired_at := null;
    end if;
    v_threshold := (v_list.alerts #>> '{coupon_shortage_alert,threshold_count}')::bigint;
    select s.available into v_available from stock(p_list, true, v_now) s;
    if v_available >= v_threshold then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
    elsif v_watch.shortage_fired_at is null
          and exists (select from coupon_file f where f.list_id = p_list and f.published_at >= v_list.active_since)
          -- A clock that was set back must not keep anybody from being told.
          and (v_watch.shortage_told_at is null
               or v_watch.shortage_told_at not between v_now - interval '1 hour' and v_now
               or v_list.updated_at > v_watch.shortage_told_at
               or exists (select from coupon_file f
                          where f.list_id = p_list and f.published_at > v_watch.shortage_told_at)) then
        update list_watch w set shortage_fired_at = v_now, shortage_told_at = v_now where w.list_id = p_list;
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'shortage', 'available', v_available,
                                                         'threshold', v_threshold));
    end if;
end $$;
