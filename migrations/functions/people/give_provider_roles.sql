-- Makes the memberships that the identity provider gives a person what it says now; those that were given here stay as they are. Of
-- several roles in a workspace the one that may most counts. A workspace keeps an admin: the last one stays, whatever is said.
create or replace function give_provider_roles(p_person bigint, p_workspaces text[], p_roles text[]) returns void
language plpgsql volatile as $$
begin
    perform 1 from workspace w
        where exists (select from membership m
                      where m.workspace_id = w.workspace_id and m.person_id = p_person and m.by_provider and m.role = 'admin')
        order by w.workspace_id for no key update;
    with named as (
        select distinct on (w.workspace_id) w.workspace_id, g.role
        from unnest(p_workspaces, p_roles) g (workspace, role)
        join workspace w on g.workspace is null or w.public_id = g.workspace
        order by w.workspace_id, array_position(array['admin', 'manager', 'viewer'], g.role)
    ), needed as (
        select m.workspace_id from membership m
        where m.person_id = p_person and m.role = 'admin' and not exists (
            select from membership o join person p using (person_id)
            where o.workspace_id = m.workspace_id and o.role = 'admin' and o.person_id <> p_person and p.disabled_at is null)
    ), gone as (
        delete from membership m
            where m.person_id = p_person and m.by_provider
              and not exists (select from named n where n.workspace_id = m.workspace_id)
              and not exists (select from needed n where n.workspace_id = m.workspace_id)
            returning m.workspace_id
    ), given as (
        insert into membership as m (person_id, workspace_id, role, by_provider)
            select p_person, n.workspace_id, n.role, true from named n order by n.workspace_id
            on conflict (person_id, workspace_id) do update set role = excluded.role
                where m.by_provider and m.role <> excluded.role
                  and not exists (select from needed d where d.workspace_id = m.workspace_id)
            returning m.workspace_id, m.role
    )
    insert into audit_entry (workspace_id, person_id, action)
        select g.workspace_id, p_person, 'provider.no-role' from gone g
        union all
        select g.workspace_id, p_person, 'provider.role-' || g.role from given g;
    if found then
        perform forget_links_of(p_person);
    end if;
end $$;
