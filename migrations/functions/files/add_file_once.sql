-- A file, once for each key (null: no key). Answers added; repeat; other; inactive
create or replace function add_file_once(
    p_key text, p_hash bytea, p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text,
    p_callback_url text, p_payload jsonb
) returns table (outcome text, made bytea)
language plpgsql volatile as $$
declare
    v_workspace bigint;
    v_taken record;
begin
    select c.workspace_id into v_workspace from coupon_list c where c.list_id = p_list;
    if p_key is not null then
        select * into v_taken from take_idempotency_key(v_workspace, 'upload_file', p_key, p_hash, p_public_id);
        if v_taken.outcome <> 'first' then
            return query select v_taken.outcome::text, v_taken.made::bytea;
            return;
        end if;
    end if;
    if add_file(p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url, p_payload) is null then
        delete from idempotent_request r
            where r.workspace_id = v_workspace and r.operation = 'upload_file' and r.key = p_key;
        return query select 'inactive', p_public_id;
    else
        return query select 'added', p_public_id;
    end if;
end $$;
