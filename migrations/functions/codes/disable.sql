-- Makes sure that a code is not handed out (again), whoever has it. Answers disabled (now or before), redeemed (it
-- stays), absent (no such place, or the code went with its list or file before it was disabled).
create or replace function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns disable_outcome
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz;
    v_sealed_at bigint;
    v_found boolean;
    v_turn integer;
    v_status text;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    if exists (select from disabled d where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then
        return 'disabled';
    end if;
    select f.sealed_at, true into v_sealed_at, v_found from coupon_file f
        where f.list_id = p_list and f.file_id = p_file and f.status = 'SUCCESS'
          and p_ordinal between 0 and coalesce(f.sealed_at, f.added - 1);
    if v_found is null then
        return 'absent';
    end if;
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is not null then
        select s.status into v_status
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    end if;
    if v_status = 'REDEEMED' then
        return 'redeemed';
    elsif v_status = 'DISABLED' then
        return 'disabled';
    elsif v_status in ('ALLOCATED', 'HELD') then
        insert into event (list_id, file_id, ordinal, turn, kind, at)
            values (p_list, p_file, p_ordinal, v_turn, 'DISABLED', v_now);
        delete from hold h
            where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.turn = v_turn;
        if v_sealed_at is not null then
            -- The exceptions of a sealed file are counted, not kept.
            update coupon_file f set withdrawn = f.withdrawn + 1 where f.list_id = p_list and f.file_id = p_file;
            return 'disabled';
        end if;
    elsif v_sealed_at is not null or not exists (
        select from coupon_list c where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > v_now
    ) then
        -- Nobody has it, and it is free no more.
        return 'absent';
    elsif v_turn is null then
        perform add_to_disabled_run(p_list, p_file, p_ordinal);
    else
        perform end_holds(p_list, array[p_file], array[p_ordinal], array[v_turn]);
        delete from returned r where r.list_id = p_list and r.file_id = p_file and r.ordinal = p_ordinal
                                 and r.turn = v_turn;
    end if;
    insert into disabled (list_id, file_id, ordinal, code, at) values (p_list, p_file, p_ordinal, p_code, v_now);
    return 'disabled';
end $$;
