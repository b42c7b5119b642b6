-- Which of these lists gave this person a code, or have given one for the request whose key comes; of each come the bounds of the
-- person's request keys too, as `allocations_of_user` wants them. `n` is the list's place.
create or replace function lists_with(
    p_lists bigint[], p_user text, p_first_keys uuid[], p_last_keys uuid[], p_request_keys uuid[]
) returns table (n integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    for v_i in 1 .. cardinality(p_lists) loop
        perform 1 from ledger l where l.list_id = p_lists[v_i] and l.request_key = p_request_keys[v_i];
        if not found then
            perform 1 from allocations_of_user(p_lists[v_i], p_user, p_first_keys[v_i], p_last_keys[v_i]) limit 1;
        end if;
        if found then
            n := v_i;
            return next;
        end if;
    end loop;
end $$;
