-- Applies a patch; null leaves a field as it is. A change brings an archived or expired list back, if its expiry (after
-- the change) is still to come; unless the answer is `updated`, nothing is changed. If another list gets the name meanwhile,
-- the statement fails with unique_violation; asked again, it answers `duplicate-name`.
create or replace function update_list(
    p_list bigint, p_name text, p_expires_at timestamptz, p_subscribers text[], p_alerts jsonb
) returns update_list_outcome
language plpgsql volatile as $$
declare
    v_list coupon_list;
    v_alerts jsonb;
    v_now timestamptz;
begin
    perform expire_list(p_list);
    if p_name is null and p_expires_at is null and p_subscribers is null and p_alerts is null then
        return 'updated';
    end if;
    v_now := clock_timestamp();
    select * into v_list from coupon_list c where c.list_id = p_list;
    if coalesce(p_expires_at, v_list.expires_at) <= v_now then
        return 'expired';
    end if;
    if exists (select from coupon_list c
               where c.workspace_id = v_list.workspace_id and c.name = p_name and c.list_id <> p_list) then
        return 'duplicate-name';
    end if;
    v_alerts := v_list.alerts;
    if p_alerts is not null then
        -- Key by key, also one level down.
        v_alerts := v_alerts || p_alerts || jsonb_build_object(
            'expiry_alert', (v_alerts -> 'expiry_alert') || coalesce(p_alerts -> 'expiry_alert', '{}'),
            'coupon_shortage_alert',
            (v_alerts -> 'coupon_shortage_alert') || coalesce(p_alerts -> 'coupon_shortage_alert', '{}'));
        if (v_alerts #>> '{expiry_alert,alert}')::boolean and v_alerts #>> '{expiry_alert,days_before}' is null then
            return 'days-before-missing';
        end if;
        if (v_alerts #>> '{coupon_shortage_alert,alert}')::boolean
           and v_alerts #>> '{coupon_shortage_alert,threshold_count}' is null then
            return 'threshold-count-missing';
        end if;
    end if;
    update coupon_list c
    set name = coalesce(p_name, c.name), expires_at = coalesce(p_expires_at, c.expires_at),
        subscribers = coalesce(p_subscribers, c.subscribers), alerts = v_alerts, status = 'ACTIVE',
        updated_at = v_now,
        active_since = case when c.status = 'ACTIVE' then c.active_since else v_now end
    where c.list_id = p_list;
    perform note_at_gate(p_list);
    return 'updated';
end $$;
