-- What a list tells its people, and the caller of a file's upload: each mail and each callback is a job, enqueued in
-- the transaction of the fact it tells.

-- Signs callbacks, and links that open without a password; made here, so that it never has to be thought of.
-- 244 random bits each.
alter table workspace
    add column webhook_secret bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    add column former_webhook_secret bytea,
    add column webhook_secret_since timestamptz not null default clock_timestamp(),
    add column link_key bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

-- Since when the list has been active without a break: a list that comes back empty is no shortage yet.
alter table coupon_list add column active_since timestamptz not null default clock_timestamp();

create index coupon_list_watching_stock on coupon_list (list_id)
    where status = 'ACTIVE' and (alerts #>> '{coupon_shortage_alert,alert}')::boolean;
create index coupon_list_watching_expiry on coupon_list (list_id)
    where status = 'ACTIVE' and (alerts #>> '{expiry_alert,alert}')::boolean;

-- What has been told of a list. Not on the list's row: that changes by requests only.
create table list_watch (
    list_id           bigint primary key,
    -- Null: armed.
    shortage_fired_at timestamptz,
    -- The day, in the workspace's zone, of the last reminder.
    reminded_on       date
);

-- Work that one process at a time does every now and then.
create table turn (
    name    text primary key,
    next_at timestamptz not null
);

-- Whether this turn is the caller's; the next one comes after `p_pause`.
create function take_turn(p_name text, p_pause interval) returns boolean
language plpgsql volatile as $$
begin
    insert into turn (name, next_at) values (p_name, '-infinity') on conflict do nothing;
    -- A clock that was set back must not stop the turns.
    update turn t set next_at = clock_timestamp() + p_pause
        where t.name = p_name and (t.next_at <= clock_timestamp() or t.next_at > clock_timestamp() + p_pause);
    return found;
end $$;

-- A mail to those who subscribed to the list, if there is anyone. Who gets it is settled now.
create function enqueue_alert(p_list bigint, p_mail jsonb) returns void
language plpgsql volatile as $$
begin
    insert into job (kind, list_id, payload)
        select 'send_mail', c.list_id, p_mail || jsonb_build_object('to', to_jsonb(c.subscribers))
        from coupon_list c where c.list_id = p_list and cardinality(c.subscribers) > 0;
end $$;

-- A trigger, since a load ends in many ways: published, failed, given up, its list archived or expired.
create function announce_end_of_file() returns trigger language plpgsql as $$
declare
    v_alerts jsonb;
begin
    select c.alerts into v_alerts from coupon_list c where c.list_id = new.list_id;
    if new.status = 'SUCCESS' and (v_alerts ->> 'success_alert')::boolean then
        perform enqueue_alert(new.list_id, jsonb_build_object('mail', 'file_loaded', 'file_id', new.file_id));
    elsif new.status = 'FAILED' and (v_alerts ->> 'failure_alert')::boolean then
        perform enqueue_alert(new.list_id, jsonb_build_object('mail', 'file_failed', 'file_id', new.file_id));
    end if;
    if new.callback_url is not null then
        insert into job (kind, list_id, file_id) values ('call_back', new.list_id, new.file_id);
    end if;
    return null;
end $$;

create trigger coupon_file_ended after update of status on coupon_file for each row
    when (old.status = 'PENDING' and new.status <> 'PENDING' and new.deleted_at is null)
    execute function announce_end_of_file();

-- Tells of a shortage once, until there was enough again. The row's lock orders those who look at the same time; what
-- they look at is read after it. Nothing here touches the gate: handing out never waits for a look.
create function watch_stock(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_fired_at timestamptz;
    v_list coupon_list;
    v_threshold bigint;
    v_available bigint;
    v_now timestamptz;
begin
    insert into list_watch (list_id) values (p_list) on conflict do nothing;
    select w.shortage_fired_at into v_fired_at from list_watch w where w.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if v_list.status <> 'ACTIVE' or v_list.expires_at <= v_now
       or not (v_list.alerts #>> '{coupon_shortage_alert,alert}')::boolean then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
        return;
    end if;
    if v_fired_at < v_list.active_since then
        v_fired_at := null;
    end if;
    v_threshold := (v_list.alerts #>> '{coupon_shortage_alert,threshold_count}')::bigint;
    select s.available into v_available from stock(p_list, true, v_now) s;
    if v_available >= v_threshold then
        update list_watch w set shortage_fired_at = null where w.list_id = p_list and w.shortage_fired_at is not null;
    elsif v_fired_at is null and exists (select from coupon_file f where f.list_id = p_list
                                         and f.published_at >= v_list.active_since) then
        update list_watch w set shortage_fired_at = v_now where w.list_id = p_list;
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'shortage', 'available', v_available,
                                                         'threshold', v_threshold));
    end if;
end $$;

-- The lists whose stock has to be looked at: those that want to be told, and those that were and no longer want to.
create function lists_to_watch() returns setof bigint
language sql stable as $$
    select c.list_id from coupon_list c
    where c.status = 'ACTIVE' and (c.alerts #>> '{coupon_shortage_alert,alert}')::boolean
    union
    select w.list_id from list_watch w where w.shortage_fired_at is not null
$$;

-- Reminds of expiries that are near, once a day of the zone, from the day `days_before` days ahead to the last one.
-- Answers how many lists there were.
create function remind_of_expiries(p_zone text) returns integer
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

-- As before, and notes since when the list is active.
create or replace function activate_list(p_list bigint, p_expires_at timestamptz) returns boolean
language plpgsql volatile as $$
begin
    perform expire_list(p_list);
    if p_expires_at <= clock_timestamp() then
        return false;
    end if;
    update coupon_list c set status = 'ACTIVE', expires_at = p_expires_at, updated_at = clock_timestamp(),
                             active_since = case when c.status = 'ACTIVE' then c.active_since else clock_timestamp() end
        where c.list_id = p_list;
    return true;
end $$;

create or replace function update_list(
    p_list bigint, p_name text, p_expires_at timestamptz, p_subscribers text[], p_alerts jsonb
) returns text
language plpgsql volatile as $$
declare
    v_list coupon_list;
    v_alerts jsonb;
begin
    perform expire_list(p_list);
    if p_name is null and p_expires_at is null and p_subscribers is null and p_alerts is null then
        return 'updated';
    end if;
    select * into v_list from coupon_list c where c.list_id = p_list;
    if coalesce(p_expires_at, v_list.expires_at) <= clock_timestamp() then
        return 'expired';
    end if;
    v_alerts := v_list.alerts;
    if p_alerts is not null then
        -- Key by key, also one level down.
        v_alerts := v_alerts || p_alerts || jsonb_build_object(
            'expiry_alert', (v_alerts -> 'expiry_alert') || coalesce(p_alerts -> 'expiry_alert', '{}'),
            'coupon_shortage_alert',
            (v_alerts -> 'coupon_shortage_alert') || coalesce(p_alerts -> 'coupon_shortage_alert', '{}'));
        if (v_alerts #>> '{expiry_alert,alert}')::boolean and v_alerts #>> '{expiry_alert,days_before}' is null then
            return 'days_before-missing';
        end if;
        if (v_alerts #>> '{coupon_shortage_alert,alert}')::boolean
           and v_alerts #>> '{coupon_shortage_alert,threshold_count}' is null then
            return 'threshold_count-missing';
        end if;
    end if;
    update coupon_list c
    set name = coalesce(p_name, c.name), expires_at = coalesce(p_expires_at, c.expires_at),
        subscribers = coalesce(p_subscribers, c.subscribers), alerts = v_alerts, status = 'ACTIVE',
        updated_at = clock_timestamp(),
        active_since = case when c.status = 'ACTIVE' then c.active_since else clock_timestamp() end
    where c.list_id = p_list;
    return 'updated';
end $$;
