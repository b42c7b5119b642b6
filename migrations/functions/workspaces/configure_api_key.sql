-- The key that a server is configured with, at its start: it becomes the configured one, and those before it, `former`,
-- open nothing from now on. It has every right, whatever it had before. Null if it was the configured one already, or stays
-- revoked since `ended_at`.
create or replace function configure_api_key(
    p_workspace bigint, p_hash text, out former bigint[], out ended_at timestamptz
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    -- Servers that start at the same time come one after the other, and the second finds what the first did.
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if v_key.revoked_at is not null then
        ended_at := v_key.revoked_at;
        return;
    end if;
    if v_key.configured then
        return;
    end if;
    -- One whose end is set keeps it: somebody gave its clients that long.
    with ended as (
        update api_key k set revoked_at = clock_timestamp()
            where k.workspace_id = p_workspace and k.configured and k.revoked_at is null
            returning k.api_key_id
    )
    select coalesce(array_agg(e.api_key_id order by e.api_key_id), '{}') into former from ended e;
    if v_key.api_key_id is null then
        insert into api_key (workspace_id, label, hash, configured, role)
            values (p_workspace, 'configured', p_hash, true, 'manage')
            returning * into v_key;
        perform note_key_command(p_workspace, 'key.create', v_key.api_key_id, null);
    else
        update api_key k set configured = true, role = 'manage', lists = null where k.api_key_id = v_key.api_key_id;
        perform note_key_command(p_workspace, 'key.configure', v_key.api_key_id, null);
    end if;
    perform note_key_command(p_workspace, 'key.revoke', f.api_key_id, null) from unnest(former) as f (api_key_id);
end $$;
