-- Whether one of the keys that the ledger has is not to be served again: its code was given back, or it was another
-- user's or campaign's. Where it is all or nothing, the keys that are not known get no code then.
create or replace function known_is_refused(
    p_list bigint, p_keys uuid[], p_users text[], p_campaigns uuid[], p_now timestamptz
) returns boolean
language plpgsql stable
as $$
begin
    return exists (
        select from known_allocations(p_list, p_keys, p_now) k
        where k.released or k.user_id is distinct from p_users[k.n]
           or k.campaign_id is distinct from (
               select c.id from campaign c where c.list_id = p_list and c.campaign_key = p_campaigns[k.n]));
end $$;
