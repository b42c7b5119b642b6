-- Takes the key for `p_public_id`; waits for a request under way with the same key. Answers
--   first; repeat (and what the first one made); other (the key was used for another request)
create or replace function take_idempotency_key(
    p_workspace bigint, p_operation text, p_key text, p_hash bytea, p_public_id bytea
) returns table (outcome text, made bytea)
language plpgsql volatile as $$
begin
    insert into idempotent_request (workspace_id, operation, key, request_hash, public_id)
        values (p_workspace, p_operation, p_key, p_hash, p_public_id) on conflict do nothing;
    if found then
        return query select 'first', p_public_id;
    else
        return query select case when r.request_hash = p_hash then 'repeat' else 'other' end, r.public_id
                     from idempotent_request r
                     where r.workspace_id = p_workspace and r.operation = p_operation and r.key = p_key;
    end if;
end $$;
