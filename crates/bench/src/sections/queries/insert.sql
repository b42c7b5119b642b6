-- The $1st row, for user $2.
insert into ledger_shaped (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
values (1, 1, $1, 0, '23456789ABCD', gen_random_uuid(), $2, clock_timestamp())
