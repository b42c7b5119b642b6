-- Makes a key; answers its number, or why there is none.
create or replace function create_api_key(
    p_workspace bigint, p_label text, p_hash text, p_most bigint, p_person bigint,
    out refusal create_api_key_refusal, out key_id bigint
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if found then
        refusal := case when v_key.revoked_at is null then 'taken' else 'revoked' end;
        return;
    end if;
    if count_keys(p_workspace) >= p_most then
        refusal := 'too-many';
        return;
    end if;
    insert into api_key (workspace_id, label, hash) values (p_workspace, p_label, p_hash)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.create', key_id, p_person);
end $$;
