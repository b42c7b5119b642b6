-- Takes the key for `p_public_id`; waits for a request under way with the same key. Answers what the key stands for: this
-- id, or what the first request made; null if that was another request.
create or replace function take_idempotency_key(
    p_workspace bigint, p_operation text, p_key text, p_hash bytea, p_public_id bytea
) returns bytea
language plpgsql volatile as $$
begin
    insert into idempotent_request (workspace_id, operation, key, request_hash, public_id)
        values (p_workspace, p_operation, p_key, p_hash, p_public_id) on conflict do nothing;
    return (
        select r.public_id from idempotent_request r
        where r.workspace_id = p_workspace and r.operation = p_operation and r.key = p_key and r.request_hash = p_hash);
end $$;
