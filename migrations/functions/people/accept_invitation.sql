-- Makes the invited person a member of the workspace and uses up the link. Somebody new comes with name and password. Who is known
-- comes without (`p_password` null), keeps both, and proves to be that person by signing in; and who is a member already keeps the
-- role: the last admin of a workspace is not made a viewer by a link.
create or replace function accept_invitation(
    p_link bytea, p_public_id bytea, p_name text, p_password text, out made bigint, out refusal accept_link_refusal
)
language plpgsql volatile as $$
declare
    v_link one_time_link;
begin
    select * into v_link from one_time_link l
        where l.token_hash = p_link and l.kind = 'invitation' and l.expires_at > clock_timestamp()
        for update;
    if not found then
        refusal := 'gone';
        return;
    end if;
    if p_password is null then
        select p.person_id into made from person p where p.email = v_link.email;
    else
        insert into person (public_id, email, name, password) values (p_public_id, v_link.email, p_name, p_password)
            on conflict on constraint person_email_unique do nothing
            returning person_id into made;
    end if;
    -- Somebody has got the address since the link was looked at: whoever holds the link must not be taken for that person.
    if made is null then
        refusal := 'other-person';
        return;
    end if;
    delete from one_time_link l where l.token_hash = p_link;
    insert into membership (person_id, workspace_id, role) values (made, v_link.workspace_id, v_link.role)
        on conflict (person_id, workspace_id) do nothing;
    delete from session s where s.person_id = made;
    perform forget_links_of(made);
    insert into audit_entry (workspace_id, person_id, action) values (v_link.workspace_id, made, 'person.join');
end $$;
