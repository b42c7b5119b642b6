-- How many keys open the workspace; the configured one is not among them.
create or replace function count_keys(p_workspace bigint) returns bigint
language plpgsql volatile as $$
begin
    return (select count(*) from api_key k
            where k.workspace_id = p_workspace and not k.configured
              and (k.revoked_at is null or k.revoked_at > clock_timestamp()));
end $$;
