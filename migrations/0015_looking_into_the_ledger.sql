-- Who got what: by user and by campaign, page by page; and the erasure of a person.

create index campaign_by_id on campaign (list_id, id);

-- Not concurrently, as the rules ask for big tables: this comes before the first release, and ledgers are small.
do $$
begin
    for n in 0..15 loop
        -- Eight bytes of hash instead of the id: a third of the size, and the id is compared when the row is read.
        execute format('create index ledger_%s_user on ledger_%s (list_id, hashtextextended(user_id, 0))
                        where user_id is not null', n, n);
        -- Hand-outs of a campaign come one after the other, so this grows at one place.
        execute format('create index ledger_%s_campaign on ledger_%s (list_id, campaign_key, file_id, ordinal, turn)
                        where campaign_key is not null', n, n);
    end loop;
end $$;

-- A page of hand-outs, in the order of file, ordinal and turn, after the one given. Every filter may be null.
create function ledger_page(
    p_list bigint, p_file bigint, p_user text, p_campaign text, p_after_file bigint, p_after_ordinal bigint,
    p_after_turn integer, p_limit integer
) returns table (file_id bigint, ordinal bigint, turn integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    if p_user is not null then
        -- A person has few.
        return query execute
            'select l.file_id, l.ordinal, l.turn from ledger l
             where l.list_id = $1 and l.user_id = $2 and hashtextextended(l.user_id, 0) = hashtextextended($2, 0)
               and ($3 is null or l.file_id = $3)
               and ($4 is null or l.campaign_key in (select c.campaign_key from campaign c
                                                     where c.list_id = $1 and c.id = $4))
               and (l.file_id, l.ordinal, l.turn) > ($5, $6, $7)
             order by l.file_id, l.ordinal, l.turn limit $8'
            using p_list, p_user, p_file, p_campaign, p_after_file, p_after_ordinal, p_after_turn, p_limit;
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

-- Removes a person from the ledger of every list of a workspace: the id, what the sender called the request, and what
-- a shop said about the redemption. Codes, counts and request keys stay. Reports that may name the person go too.
-- Answers how many hand-outs there were.
create function erase_user(p_workspace bigint, p_user text) returns bigint
language plpgsql volatile as $$
declare
    v_list bigint;
    v_erased bigint;
    v_sum bigint := 0;
begin
    for v_list in select c.list_id from coupon_list c where c.workspace_id = p_workspace order by c.list_id loop
        execute
            'with erased as (
                 update ledger l set user_id = null, request_id = null
                 where l.list_id = $1 and l.user_id = $2
                   and hashtextextended(l.user_id, 0) = hashtextextended($2, 0)
                 returning l.file_id, l.ordinal, l.turn
             ), silenced as (
                 update event e set detail = e.detail - ''metadata'' from erased x
                 where e.list_id = $1 and e.file_id = x.file_id and e.ordinal = x.ordinal and e.turn = x.turn
                   and e.detail is not null
             )
             select count(*) from erased'
            into v_erased using v_list, p_user;
        if v_erased > 0 then
            v_sum := v_sum + v_erased;
            delete from usage_report_piece p where p.list_id = v_list;
            delete from usage_report r where r.list_id = v_list and r.status <> 'PENDING';
            -- A report that is being built has read the ledger as it was: its worker loses it, and another begins.
            update job j set state = 'ready', lease_owner = null, lease_until = null
                where j.list_id = v_list and j.kind = 'build_report' and j.state = 'running';
        end if;
    end loop;
    return v_sum;
end $$;
