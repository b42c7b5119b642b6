-- All hand-outs of a list to a user. Between `p_first_key` and `p_last_key` are the request keys of the user's requests
-- without an id; those with an id have an index of their own.
--
-- In the order of each index, and without sorts: statistics of an empty table would choose the primary key, and a walk over
-- the whole list.
create or replace function allocations_of_user(p_list bigint, p_user text, p_first_key uuid, p_last_key uuid)
returns table (file_id bigint, ordinal bigint, turn integer, campaign_key uuid)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query
        select l.file_id, l.ordinal, l.turn, l.campaign_key from ledger l
        where l.list_id = p_list and l.request_key between p_first_key and p_last_key
          and l.user_id = p_user and l.request_id is null
        order by l.request_key;
    return query
        select l.file_id, l.ordinal, l.turn, l.campaign_key from ledger l
        where l.list_id = p_list and hashtextextended(l.user_id, 0) = hashtextextended(p_user, 0)
          and l.user_id = p_user and l.request_id is not null
        order by l.list_id, hashtextextended(l.user_id, 0);
end $$;
