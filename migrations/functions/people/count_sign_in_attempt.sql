-- Counts an attempt at these subjects (an account from an address, the address, the account) for a quarter of an hour from the
-- first, before anybody knows whether it is right: however many come at once, no more than `p_most` of a subject are looked at.
-- Answers what is counted of the account; null, and nothing is counted, if one of the first two is used up.
create or replace function count_sign_in_attempt(p_subjects bytea[], p_most integer[]) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_is_over boolean;
    v_of_account integer;
begin
    with counted as (
        insert into sign_in_attempt as a (subject, attempts, since)
            select s.subject, 1, v_now from unnest(p_subjects) s (subject) order by s.subject
            on conflict (subject) do update
                set attempts = case when a.since > v_now - interval '15 minutes' then a.attempts + 1 else 1 end,
                    since = case when a.since > v_now - interval '15 minutes' then a.since else v_now end
            returning subject, attempts
    )
    select bool_or(c.subject = p_subjects[1] and c.attempts > p_most[1] or c.subject = p_subjects[2] and c.attempts > p_most[2]),
           max(c.attempts) filter (where c.subject = p_subjects[3])
        into v_is_over, v_of_account
        from counted c;
    if not v_is_over then
        return v_of_account;
    end if;
    perform forget_sign_in_attempt(p_subjects);
    return null;
end $$;
