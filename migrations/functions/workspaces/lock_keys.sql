-- What one workspace's keys are changed under. Nothing that hands codes out waits for it.
create or replace function lock_keys(p_workspace bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
end $$;
