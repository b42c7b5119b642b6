-- Ends the links by which somebody could sign in as this person, or choose the password: who made them had a say in all of the
-- person's workspaces, which may be others from now on.
create or replace function forget_links_of(p_person bigint) returns void
language sql volatile as $$
    delete from one_time_link l where l.person_id = p_person;
$$;
