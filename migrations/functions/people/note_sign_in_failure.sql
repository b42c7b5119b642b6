-- Counts a wrong password or code of these subjects (an account from an address, the address, the account), for a quarter of an
-- hour from the first, and notes it in the workspaces of the account's person. Of one account no more than twenty are noted in
-- that time: a stranger who knows an address must not fill the audit log.
create or replace function note_sign_in_failure(p_subjects bytea[], p_email text) returns void
language plpgsql volatile as $$
begin
    insert into sign_in_failure as f (subject, failures, since)
        select s.subject, 1, clock_timestamp() from unnest(p_subjects) s (subject) order by s.subject
        on conflict (subject) do update
            set failures = case when f.since > clock_timestamp() - interval '15 minutes' then f.failures + 1 else 1 end,
                since = case when f.since > clock_timestamp() - interval '15 minutes' then f.since else clock_timestamp() end;
    insert into audit_entry (workspace_id, action, object_id)
        select m.workspace_id, 'sign-in.fail', encode(p.public_id, 'hex')
        from person p join membership m using (person_id)
        where p.email = p_email and p.disabled_at is null
          and (select f.failures from sign_in_failure f where f.subject = p_subjects[3]) <= 20;
end $$;
