-- Gives the link's person this password and ends what was open in the person's name, also whom the identity provider knows the
-- person as: it says so anew at the next sign-in by it. Answers whose it is; null if the link is unknown, used or too old.
create or replace function choose_password(p_link bytea, p_password text) returns bigint
language plpgsql volatile as $$
declare
    v_person bigint;
begin
    delete from one_time_link l
        where l.token_hash = p_link and l.kind = 'password' and l.expires_at > clock_timestamp()
        returning l.person_id into v_person;
    update person p set password = p_password, oidc_issuer = null, oidc_subject = null where p.person_id = v_person;
    delete from session s where s.person_id = v_person;
    delete from one_time_link l where l.person_id = v_person;
    return v_person;
end $$;
