-- A list of nobody, the $2nd one, in the same partition as list $1, so that the table is as big.
select n from generate_series(-10000 * $2::bigint, -1) n
where satisfies_hash_partition('ledger'::regclass, 16, (
    select p from generate_series(0, 15) p where satisfies_hash_partition('ledger'::regclass, 16, p, $1::bigint)
), n)
limit 1
