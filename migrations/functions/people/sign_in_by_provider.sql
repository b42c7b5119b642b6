-- Who this is that the identity provider vouches for, or why nobody. Known by issuer and subject; the first time by the address, which
-- the provider must have verified (else `p_email` is null), and by the subject from then on. Somebody new is made where a role or
-- an invitation waits. `p_roles` has what the provider gives, each for the workspace of `p_workspaces` beside it (null: for
-- all); null where it gives none at all. It changes and takes away what it gave before, and never what was given here.
--
-- Whoever was there by the address alone has proven it to nobody, if an admin passed the link on: password, second factor, sessions
-- and links are forgotten when the provider's person takes the place. The first person of all is made by the setup link, or is an
-- admin: nobody else could let others in.
create or replace function sign_in_by_provider(
    p_issuer text, p_subject text, p_email text, p_name text, p_public_id bytea, p_workspaces text[], p_roles text[],
    out known bigint, out refusal sign_in_by_provider_refusal
)
language plpgsql volatile as $$
declare
    v_person person;
begin
    loop
        select * into v_person from person p
            where p.oidc_issuer = p_issuer and p.oidc_subject = p_subject for no key update;
        exit when found;
        if p_email is null then
            refusal := 'unverified';
            return;
        end if;
        select * into v_person from person p where p.email = p_email for no key update;
        if found then
            -- The same person at the same moment is no other one.
            if v_person.disabled_at is null and v_person.oidc_issuer = p_issuer and v_person.oidc_subject <> p_subject then
                refusal := 'other-subject';
                return;
            end if;
            exit;
        end if;
        if not exists (select from person) and not coalesce('admin' = any (p_roles), false) or not exists (
            select from workspace w
            where w.public_id = any (p_workspaces) or p_workspaces is not null and array_position(p_workspaces, null) is not null
            union all
            select from one_time_link l
            where l.kind = 'invitation' and l.email = p_email and l.expires_at > clock_timestamp())
        then
            refusal := 'unknown';
            return;
        end if;
        insert into person (public_id, email, name, oidc_issuer, oidc_subject)
            values (p_public_id, p_email, p_name, p_issuer, p_subject)
            on conflict on constraint person_email_unique do nothing
            returning * into v_person;
        -- Somebody else has made the person meanwhile: who that is is looked at again.
        exit when found;
    end loop;
    if v_person.disabled_at is not null then
        refusal := 'disabled';
        return;
    end if;
    known := v_person.person_id;
    if v_person.oidc_issuer is distinct from p_issuer or v_person.oidc_subject is distinct from p_subject then
        update person p
            set oidc_issuer = p_issuer, oidc_subject = p_subject, password = null, totp_secret = null, totp_step = 0
            where p.person_id = known;
        delete from recovery_code r where r.person_id = known;
        delete from session s where s.person_id = known;
        perform forget_links_of(known);
        insert into audit_entry (workspace_id, person_id, action)
            select m.workspace_id, known, 'account.provider' from membership m where m.person_id = known;
    end if;
    -- The address is proven; the link would ask for no more.
    if p_email = v_person.email then
        with accepted as (
            delete from one_time_link l
                where l.kind = 'invitation' and l.email = p_email and l.expires_at > clock_timestamp()
                returning l.workspace_id, l.role
        ), joined as (
            insert into membership (person_id, workspace_id, role) select known, a.workspace_id, a.role from accepted a
                on conflict (person_id, workspace_id) do nothing
                returning workspace_id
        )
        insert into audit_entry (workspace_id, person_id, action)
            select j.workspace_id, known, 'person.join' from joined j;
        if found then
            perform forget_links_of(known);
        end if;
    end if;
    if p_roles is not null then
        perform give_provider_roles(known, p_workspaces, p_roles);
    end if;
end $$;
