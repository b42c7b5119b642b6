-- Takes one attempt at each of these subjects off the count: it was right, or was not looked at.
create or replace function forget_sign_in_attempt(p_subjects bytea[]) returns void
language sql volatile as $$
    update sign_in_attempt a set attempts = a.attempts - 1
    from (
        select l.subject from sign_in_attempt l
        where l.subject = any (p_subjects) and l.attempts > 0 order by l.subject for no key update
    ) l
    where a.subject = l.subject;
$$;
