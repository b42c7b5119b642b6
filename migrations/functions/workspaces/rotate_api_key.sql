-- Makes a key with the label and the rights of another one, and ends that after `p_overlap`; or answers why not. A key that ends at
-- once makes room for the one that follows it.
create or replace function rotate_api_key(
    p_workspace bigint, p_key bigint, p_hash text, p_overlap interval, p_most bigint, p_person bigint,
    out refusal rotate_api_key_refusal, out key_id bigint, out label text, out former_ends_at timestamptz,
    out former_configured boolean
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        refusal := 'no-key';
        return;
    end if;
    if v_key.revoked_at is not null then
        refusal := 'revoked';
        return;
    end if;
    if count_keys(p_workspace) - (not v_key.configured and p_overlap = interval '0')::int >= p_most then
        refusal := 'too-many';
        return;
    end if;
    update api_key k set revoked_at = clock_timestamp() + p_overlap where k.api_key_id = p_key
        returning k.revoked_at into former_ends_at;
    insert into api_key (workspace_id, label, hash, role, lists)
        values (p_workspace, v_key.label, p_hash, v_key.role, v_key.lists)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.rotate', p_key, p_person);
    label := v_key.label;
    former_configured := v_key.configured;
end $$;
