-- Changes what a member may do, or ends the membership (null). A workspace keeps an admin: false, and nothing is changed, if
-- it would not. Sessions of the person end: a new role begins with signing in. What is changed here is the identity provider's no more.
create or replace function change_role(p_workspace bigint, p_person bigint, p_role text) returns boolean
language plpgsql volatile as $$
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
    if p_role is distinct from 'admin' and not exists (
        select from membership m join person p using (person_id)
        where m.workspace_id = p_workspace and m.role = 'admin' and m.person_id <> p_person and p.disabled_at is null)
    then
        return false;
    end if;
    if p_role is null then
        delete from membership m where m.workspace_id = p_workspace and m.person_id = p_person;
    else
        update membership m set role = p_role, by_provider = false where m.workspace_id = p_workspace and m.person_id = p_person;
    end if;
    delete from session s where s.person_id = p_person;
    return true;
end $$;
