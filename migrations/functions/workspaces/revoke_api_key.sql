-- Ends a key; one that was ended before stays as it is. No row if there is no such key. `left_over` is how many keys
-- still open the workspace.
create or replace function revoke_api_key(p_workspace bigint, p_key bigint, p_person bigint)
returns table (revoked_at timestamptz, configured boolean, left_over bigint)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        return;
    end if;
    if v_key.revoked_at is null or v_key.revoked_at > clock_timestamp() then
        update api_key k set revoked_at = clock_timestamp() where k.api_key_id = p_key returning * into v_key;
        perform note_key_command(p_workspace, 'key.revoke', p_key, p_person);
    end if;
    return query
        select v_key.revoked_at, v_key.configured, count(*) from api_key k
        where k.workspace_id = p_workspace and (k.revoked_at is null or k.revoked_at > clock_timestamp());
end $$;
