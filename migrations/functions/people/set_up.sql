-- Makes the first person, admin of every workspace there is, and uses up the link. Whoever comes second is refused: `set-up`.
create or replace function set_up(
    p_link bytea, p_public_id bytea, p_email text, p_name text, p_password text, out made bigint,
    out refusal accept_link_refusal
)
language plpgsql volatile as $$
begin
    lock table person in share row exclusive mode;
    if exists (select from person) then
        refusal := 'set-up';
        return;
    end if;
    delete from one_time_link l where l.token_hash = p_link and l.kind = 'setup' and l.expires_at > clock_timestamp();
    if not found then
        refusal := 'gone';
        return;
    end if;
    insert into person (public_id, email, name, password) values (p_public_id, p_email, p_name, p_password)
        returning person_id into made;
    insert into membership (person_id, workspace_id, role) select made, w.workspace_id, 'admin' from workspace w;
    -- Every server that found nobody made a link of its own.
    delete from one_time_link l where l.kind = 'setup';
end $$;
