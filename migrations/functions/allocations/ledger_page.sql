-- A page of hand-outs, in the order of file, ordinal and turn, after the one given. Every filter may be null; of a user come
-- the bounds of the user's request keys, as `allocations_of_user` wants them. The times bound what has to be read, of a list or
-- a file, and are for the caller to compare.
create or replace function ledger_page(
    p_list bigint, p_file bigint, p_user text, p_first_key uuid, p_last_key uuid, p_campaign text, p_from timestamptz,
    p_until timestamptz, p_after_file bigint, p_after_ordinal bigint, p_after_turn integer, p_limit integer
) returns table (file_id bigint, ordinal bigint, turn integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    v_campaigns uuid[];
begin
    if p_user is not null then
        -- A person has few.
        v_campaigns := array(select c.campaign_key from campaign c where c.list_id = p_list and c.id = p_campaign);
        return query
            select l.file_id, l.ordinal, l.turn from allocations_of_user(p_list, p_user, p_first_key, p_last_key) l
            where (p_file is null or l.file_id = p_file) and (p_campaign is null or l.campaign_key = any (v_campaigns))
              and (l.file_id, l.ordinal, l.turn) > (p_after_file, p_after_ordinal, p_after_turn)
            order by l.file_id, l.ordinal, l.turn limit p_limit;
    elsif p_campaign is not null then
        -- Each description of the campaign is a run in the index; a page is the first rows of the runs together.
        return query execute
            'select r.file_id, r.ordinal, r.turn
             from (select c.campaign_key from campaign c where c.list_id = $1 and c.id = $3) c
             cross join lateral (
                 select l.file_id, l.ordinal, l.turn from ledger l
                 where l.list_id = $1 and l.campaign_key = c.campaign_key and ($2 is null or l.file_id = $2)
                   and (l.file_id, l.ordinal, l.turn) > ($4, $5, $6)
                 order by l.file_id, l.ordinal, l.turn limit $7
             ) r
             order by r.file_id, r.ordinal, r.turn limit $7'
            using p_list, p_file, p_campaign, p_after_file, p_after_ordinal, p_after_turn, p_limit;
    elsif p_from is not null or p_until is not null then
        return query select l.file_id, l.ordinal, l.turn
            from ledger_page_between(p_list, p_file, p_from, p_until, p_after_file, p_after_ordinal, p_after_turn, p_limit) l;
    elsif p_file is not null then
        return query execute
            'select l.file_id, l.ordinal, l.turn from ledger l
             where l.list_id = $1 and l.file_id = $2 and (l.ordinal, l.turn) > ($3, $4)
             order by l.ordinal, l.turn limit $5'
            using p_list, p_file, case when p_after_file < p_file then -1 else p_after_ordinal end,
                  case when p_after_file < p_file then -1 else p_after_turn end, p_limit;
    else
        return query execute
            'select l.file_id, l.ordinal, l.turn from ledger l
             where l.list_id = $1 and (l.file_id, l.ordinal, l.turn) > ($2, $3, $4)
             order by l.file_id, l.ordinal, l.turn limit $5'
            using p_list, p_after_file, p_after_ordinal, p_after_turn, p_limit;
    end if;
end $$;
