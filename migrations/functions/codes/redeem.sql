-- Notes that a code was used, once. `p_detail` holds `redemption_id` (or not) and what the shop has to say. Answers
--   redeemed (now, or before with the same redemption_id); already; not-redeemable (held, given back, disabled, never
--   handed out)
create or replace function redeem(p_list bigint, p_file bigint, p_ordinal bigint, p_detail jsonb) returns redeem_outcome
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz;
    v_turn integer;
    v_status text;
    v_before jsonb;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is null then
        return 'not-redeemable';
    end if;
    select s.status into v_status from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    if v_status = 'REDEEMED' then
        select e.detail into v_before from event e
            where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal and e.turn = v_turn
              and e.kind = 'REDEEMED';
        return case when v_before ->> 'redemption_id' = p_detail ->> 'redemption_id' then 'redeemed' else 'already' end;
    elsif v_status <> 'ALLOCATED' then
        return 'not-redeemable';
    end if;
    insert into event (list_id, file_id, ordinal, turn, kind, at, detail)
        values (p_list, p_file, p_ordinal, v_turn, 'REDEEMED', v_now, p_detail);
    return 'redeemed';
end $$;
