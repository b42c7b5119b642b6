-- The request keys' index is not unique.
-- Found by: chaos --rounds 1 races
do $$ begin
    for n in 0..15 loop
        execute format('drop index ledger_%s_request_key', n);
        execute format('create index ledger_%s_request_key on ledger_%s (request_key, list_id)', n, n);
    end loop;
end $$;
