-- How many fresh codes a list handed out since an instant. A file's ordinals were handed out in the order of time, so
-- the first one since then is found by halving: no index on times, and nothing is counted.
-- Disabled codes that the cursor passed over were handed out to nobody; they are counted by ranges.
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
        select coalesce(sum(least(r.last, v_last.ordinal) - greatest(r.first, v_low) + 1), 0) into v_passed
            from disabled_run r
            where r.list_id = p_list and r.file_id = v_file.file_id and r.last >= v_low and r.first <= v_last.ordinal;
        v_sum := v_sum + v_last.ordinal - v_low + 1 - v_passed;
    end loop;
    return v_sum;
end $$;
