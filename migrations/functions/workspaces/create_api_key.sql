-- Makes a key; answers its number, or why there is none. `p_lists` are the ids of the lists that it sees; null: all.
create or replace function create_api_key(
    p_workspace bigint, p_label text, p_hash text, p_role text, p_lists bytea[], p_most bigint,
    p_most_lists integer, p_person bigint,
    out refusal create_api_key_refusal, out key_id bigint
)
language plpgsql volatile as $$
declare
    v_key api_key;
    -- Never null where lists were named, so that no mistake makes a key for all of them.
    v_lists bigint[];
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
    if cardinality(p_lists) > p_most_lists then
        refusal := 'too-many-lists';
        return;
    end if;
    if p_lists is not null then
        v_lists := array(
            select c.list_id from coupon_list c
            where c.workspace_id = p_workspace and c.public_id = any (p_lists) order by c.list_id);
        if cardinality(v_lists) = 0 or cardinality(v_lists) <> (select count(distinct l) from unnest(p_lists) l) then
            refusal := 'no-list';
            return;
        end if;
    end if;
    insert into api_key (workspace_id, label, hash, role, lists) values (p_workspace, p_label, p_hash, p_role, v_lists)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.create', key_id, p_person);
end $$;
