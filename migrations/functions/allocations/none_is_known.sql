-- Fails if one of the keys is in the ledger, but for those at the places `p_known` of a call, where these keys begin at
-- `p_from`: it came there after it was looked up.
create or replace function none_is_known(p_list bigint, p_keys uuid[], p_known integer[], p_from integer) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan
as $$
begin
    if exists (
        select from unnest(p_keys) with ordinality as k (key, place)
        cross join lateral (
            select from ledger l
            where l.list_id = p_list and l.request_key >= k.key and l.request_key <= k.key
            order by l.request_key limit 1
        ) l
        where p_known is null or p_from + k.place - 1 <> all (p_known)
    ) then
        raise exception 'a request key has come meanwhile' using errcode = 'unique_violation';
    end if;
end $$;
