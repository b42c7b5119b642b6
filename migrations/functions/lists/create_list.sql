-- A list and its gate; or why there is none, and nothing is made.
create or replace function create_list(
    p_workspace bigint, p_public_id bytea, p_name text, p_label text, p_expires_at timestamptz, p_created_by text,
    p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea
) returns create_list_refusal
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    if p_expires_at <= clock_timestamp() then
        return 'expired';
    end if;
    insert into coupon_list (workspace_id, public_id, name, label, expires_at, created_by, subscribers, alerts,
                             fingerprint_key)
        values (p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers, p_alerts,
                p_fingerprint_key)
        on conflict do nothing
        returning list_id into v_list;
    if v_list is null then
        -- Of two that it has, the name is told first.
        return case when exists (select from coupon_list c where c.workspace_id = p_workspace and c.name = p_name)
                    then 'duplicate-name' else 'duplicate-label' end::create_list_refusal;
    end if;
    insert into gate (list_id, is_active, expires_at, has_returned, has_disabled)
        values (v_list, true, p_expires_at, false, false);
    return null;
end $$;
