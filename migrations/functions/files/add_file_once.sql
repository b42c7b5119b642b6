-- A file, once for each key (null: no key). Answers the file, `p_public_id` or what the key made before, or why there
-- is none.
create or replace function add_file_once(
    p_key text, p_hash bytea, p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text,
    p_callback_url text, p_payload jsonb, out made bytea, out refusal add_file_refusal
)
language plpgsql volatile as $$
declare
    v_workspace bigint;
begin
    made := p_public_id;
    select c.workspace_id into v_workspace from coupon_list c where c.list_id = p_list;
    if p_key is not null then
        made := take_idempotency_key(v_workspace, 'upload_file', p_key, p_hash, p_public_id);
        if made is distinct from p_public_id then
            refusal := case when made is null then 'key-reused' end;
            return;
        end if;
    end if;
    if add_file(p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url, p_payload) is null then
        refusal := 'list-not-active';
        -- A request that came to nothing may be mended and sent again.
        delete from idempotent_request r
            where r.workspace_id = v_workspace and r.operation = 'upload_file' and r.key = p_key;
    end if;
end $$;
