-- Each file of list $1, in the order of publication, with the ordinals from which on and up to which its codes have to be
-- taken, so that $2 codes of the list are.
select file_id, taken as first, least(added, $2::bigint - before) as last
from (
    select file_id, added::bigint, published_at,
           (sum(added) over (order by published_at) - added)::bigint as before,
           (select coalesce(max(ordinal), -1) + 1 from ledger l
            where l.list_id = f.list_id and l.file_id = f.file_id)::bigint as taken
    from coupon_file f where list_id = $1
) f
order by published_at
