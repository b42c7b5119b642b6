-- What the ledger knows of these keys, each by its place in the array; `released` when the code was given back or its
-- hold ran out. A code that was disabled after it had been handed out is no longer its key's: another try is a new key.
-- `p_now` null: now.
create or replace function known_allocations(p_list bigint, p_keys uuid[], p_now timestamptz default null) returns table (
    n integer, released boolean, file_id bigint, ordinal bigint, turn integer, code text, allocated_at timestamptz,
    held_until timestamptz, user_id text, campaign_id text, redeemed boolean
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query execute
        'select k.n::integer,
                e.released or coalesce(e.held_until <= $3, false),
                l.file_id, l.ordinal, l.turn, l.code, l.allocated_at, e.held_until, l.user_id,
                (select c.id from campaign c where c.list_id = $1 and c.campaign_key = l.campaign_key),
                e.redeemed
         from (
             -- The order leaves the keys'' own index as the only way; the offset keeps the joins out.
             select * from ledger l where l.list_id = $1 and l.request_key = any($2)
             order by l.request_key offset 0
         ) l
         join unnest($2) with ordinality as k (key, n) on k.key = l.request_key
         cross join lateral (
             select coalesce(bool_or(v.kind in (''RELEASED'', ''DISABLED'')), false) as released,
                    coalesce(bool_or(v.kind = ''REDEEMED''), false) as redeemed,
                    (select h.held_until from hold h where h.list_id = $1 and h.file_id = l.file_id
                     and h.ordinal = l.ordinal and h.turn = l.turn) as held_until
             from event v
             where v.list_id = $1 and v.file_id = l.file_id and v.ordinal = l.ordinal and v.turn = l.turn
         ) e'
        using p_list, p_keys, coalesce(p_now, clock_timestamp());
end $$;
