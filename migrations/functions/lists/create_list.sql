-- A list and its gate. Answers false, and makes nothing, if its expiry has passed.
create or replace function create_list(
    p_workspace bigint, p_public_id bytea, p_name text, p_label text, p_expires_at timestamptz, p_created_by text,
    p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea
) returns boolean
language plpgsql volatile as $$
declare
    v_list bigint;
begin
    if p_expires_at <= clock_timestamp() then
        return false;
    end if;
    insert into coupon_list (workspace_id, public_id, name, label, expires_at, created_by, subscribers, alerts,
                             fingerprint_key)
        values (p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers, p_alerts,
                p_fingerprint_key)
        returning list_id into v_list;
    insert into gate (list_id, is_active, expires_at, has_returned, has_disabled)
        values (v_list, true, p_expires_at, false, false);
    return true;
end $$;
