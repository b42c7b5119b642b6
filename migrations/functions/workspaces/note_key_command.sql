-- What was done to keys goes into the workspace's audit log: by a person at the console, or (null) by a command of the program.
create or replace function note_key_command(p_workspace bigint, p_action text, p_key bigint, p_person bigint) returns void
language plpgsql volatile as $$
begin
    insert into audit_entry (workspace_id, person_id, action, object_id)
        values (p_workspace, p_person, p_action, p_key::text);
end $$;
