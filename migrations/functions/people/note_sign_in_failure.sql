-- Counts a wrong password or code of these subjects (an account, an address), for a quarter of an hour from the first.
create or replace function note_sign_in_failure(p_subjects bytea[]) returns void
language plpgsql volatile as $$
begin
    insert into sign_in_failure as f (subject, failures, since)
        select s.subject, 1, clock_timestamp() from unnest(p_subjects) s (subject) order by s.subject
        on conflict (subject) do update
            set failures = case when f.since > clock_timestamp() - interval '15 minutes' then f.failures + 1 else 1 end,
                since = case when f.since > clock_timestamp() - interval '15 minutes' then f.since else clock_timestamp() end;
end $$;
