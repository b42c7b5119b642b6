-- Notes a wrong password or code in the workspaces of the account's person. Of one account no more than twenty are noted in a
-- quarter of an hour: a stranger who knows an address must not fill the audit log.
create or replace function note_wrong_sign_in(p_account bytea, p_email text) returns void
language sql volatile as $$
    insert into audit_entry (workspace_id, action, object_id)
        select m.workspace_id, 'sign-in.fail', encode(p.public_id, 'hex')
        from person p join membership m using (person_id)
        where p.email = p_email and p.disabled_at is null
          and coalesce((select a.attempts from sign_in_attempt a where a.subject = p_account), 0) <= 20;
$$;
