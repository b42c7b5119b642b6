-- Before each defect, in its session: replaces a text in a function, as somebody might have edited it. Fails where the text is not
-- there (any more): then the defect has to be written anew.
create function pg_temp.spoil(p_function regproc, p_text text, p_by text) returns void
language plpgsql as $$
declare
    v_definition text := pg_get_functiondef(p_function);
begin
    if position(p_text in v_definition) = 0 then
        raise exception '% has changed, and lacks: %', p_function, p_text;
    end if;
    execute replace(v_definition, p_text, p_by);
end $$;
