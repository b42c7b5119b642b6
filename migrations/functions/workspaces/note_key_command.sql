-- What a command of the program did to keys goes into the workspace's audit log.
create or replace function note_key_command(p_workspace bigint, p_action text, p_key bigint) returns void
language plpgsql volatile as $$
begin
    insert into audit_entry (workspace_id, action, object_id) values (p_workspace, p_action, p_key::text);
end $$;
