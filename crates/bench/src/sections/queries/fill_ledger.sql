-- The rows of the ordinals from $3 up to $4 of list $1, file $2.
insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
select $1::bigint, $2::bigint, at, 0, code,
       (lpad(to_hex((at - $3) * 4294967296 / ($4 - $3::bigint)), 8, '0') || substr(md5(code), 1, 24))::uuid,
       'user-' || at, clock_timestamp()
from coupon_file f join block b using (list_id, file_id),
     unnest(string_to_array(b.codes, E'\n')) with ordinality c (code, place),
     lateral (select b.number::bigint * f.codes_per_block + place - 1 as at) o
where list_id = $1 and file_id = $2 and at >= $3 and at < $4
  and b.number between $3 / f.codes_per_block and $4 / f.codes_per_block
