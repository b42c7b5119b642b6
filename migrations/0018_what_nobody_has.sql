-- Small truths: what is free of a list that is not active, what a forecast counts, and free codes page by page.

-- As before, and a code that nobody has is absent once its list is archived or expired, whether or not its file has been
-- sealed: the passport says so too.
create or replace function disable(p_list bigint, p_file bigint, p_ordinal bigint, p_code text) returns text
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
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
    perform take_back_run_out_holds(p_list, v_now);
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
        if v_status = 'REDEEMED' then
            return 'redeemed';
        elsif v_status = 'DISABLED' then
            return 'disabled';
        elsif v_status = 'RELEASED' and v_sealed_at is not null then
            return 'absent';
        elsif v_status in ('ALLOCATED', 'HELD') then
            insert into event (list_id, file_id, ordinal, turn, kind, at)
                values (p_list, p_file, p_ordinal, v_turn, 'DISABLED', v_now);
            delete from hold h
                where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.turn = v_turn;
        end if;
    end if;
    if v_sealed_at is null and (v_status is null or v_status = 'RELEASED') and not exists (
        select from coupon_list c where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > v_now
    ) then
        return 'absent';
    end if;
    if v_sealed_at is not null then
        -- The exceptions of a sealed file are counted, not kept.
        update coupon_file f set withdrawn = f.withdrawn + 1 where f.list_id = p_list and f.file_id = p_file;
        return 'disabled';
    end if;
    delete from returned r where r.list_id = p_list and r.file_id = p_file and r.ordinal = p_ordinal;
    insert into disabled (list_id, file_id, ordinal, code, at) values (p_list, p_file, p_ordinal, p_code, v_now);
    return 'disabled';
end $$;

-- As before, without the disabled codes that the cursor passed over: they were handed out to nobody.
create or replace function handed_out_since(p_list bigint, p_since timestamptz) returns bigint
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_file record;
    v_last record;
    v_low bigint;
    v_high bigint;
    v_middle bigint;
    v_at timestamptz;
    v_passed bigint;
    v_sum bigint := 0;
begin
    for v_file in
        select f.file_id from coupon_file f where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0
    loop
        select l.ordinal, l.turn, l.allocated_at into v_last from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_last.ordinal is null or v_last.allocated_at <= p_since;
        -- Everything before v_low was handed out earlier, everything from v_high on since then.
        v_low := 0;
        v_high := v_last.ordinal;
        while v_low < v_high loop
            v_middle := (v_low + v_high) / 2;
            -- Disabled codes were skipped: the nearest one at or before it.
            select l.allocated_at into v_at from ledger l
                where l.list_id = p_list and l.file_id = v_file.file_id and l.ordinal <= v_middle and l.turn = 0
                order by l.ordinal desc limit 1;
            if v_at > p_since then
                v_high := v_middle;
            else
                v_low := v_middle + 1;
            end if;
        end loop;
        select count(*) into v_passed from disabled d
            where d.list_id = p_list and d.file_id = v_file.file_id and d.ordinal between v_low and v_last.ordinal
              and not exists (select from ledger l where l.list_id = p_list and l.file_id = d.file_id
                              and l.ordinal = d.ordinal and l.turn = 0);
        v_sum := v_sum + v_last.ordinal - v_low + 1 - v_passed;
    end loop;
    return v_sum;
end $$;

-- Some blocks of a file from a number on. A function for its plan settings: the order leaves the primary key as the only
-- way, whatever the statistics of a fresh partition say.
create function blocks_from(p_list bigint, p_file bigint, p_first integer, p_most integer)
returns table (number integer, codes text)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
begin
    return query
        select b.number, b.codes from block b
        where b.list_id = p_list and b.file_id = p_file and b.number >= p_first
        order by b.number limit p_most;
end $$;
