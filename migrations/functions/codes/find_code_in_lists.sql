-- The same for several lists; of each its fingerprint of the code. `n` is the list's place.
create or replace function find_code_in_lists(p_lists bigint[], p_fingerprints bigint[], p_code text)
returns table (n integer, file_id bigint, ordinal bigint)
language plpgsql stable as $$
begin
    for v_i in 1 .. cardinality(p_lists) loop
        return query select v_i, f.file_id, f.ordinal from find_code(p_lists[v_i], p_fingerprints[v_i], p_code) f;
    end loop;
end $$;
