-- Whether one of the keys that the ledger has is not to be served again: its code was given back, or it was another
-- user's or campaign's. Where it is all or nothing, the keys that are not known get no code then.
create or replace function known_is_refused(
    p_list bigint, p_keys uuid[], p_users text[], p_campaigns uuid[], p_now timestamptz
) returns boolean
language plpgsql stable
as $$
declare
    v_known record;
    v_campaign text;
begin
    for v_known in
        select k.n, k.released, k.user_id, k.campaign_id from known_allocations(p_list, p_keys, p_now) k
    loop
        select c.id into v_campaign from campaign c where c.list_id = p_list and c.campaign_key = p_campaigns[v_known.n];
        if v_known.released or v_known.user_id is distinct from p_users[v_known.n]
           or v_known.campaign_id is distinct from v_campaign then
            return true;
        end if;
    end loop;
    return false;
end $$;
