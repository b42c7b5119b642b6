-- The first of a file's ordinals from `p_low` on that was handed out at the instant or later; `p_high` if none before that was.
-- A file's ordinals were handed out in the order of time, so it is found by halving: no index on times, and nothing is counted.
create or replace function first_since(p_list bigint, p_file bigint, p_low bigint, p_high bigint, p_at timestamptz)
returns bigint
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_low bigint := p_low;
    v_high bigint := p_high;
    v_middle bigint;
    v_at timestamptz;
begin
    -- Everything before v_low was handed out earlier, everything from v_high on at the instant or later.
    while v_low < v_high loop
        v_middle := (v_low + v_high) / 2;
        -- Disabled codes were skipped: the nearest one at or before it.
        select l.allocated_at into v_at from ledger l
            where l.list_id = p_list and l.file_id = p_file and l.ordinal <= v_middle and l.turn = 0
            order by l.ordinal desc limit 1;
        if v_at >= p_at then
            v_high := v_middle;
        else
            v_low := v_middle + 1;
        end if;
    end loop;
    return v_low;
end $$;
