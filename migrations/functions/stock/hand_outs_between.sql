-- How many fresh codes a list handed out from each of these instants, which ascend, to the next: one number fewer than there are
-- instants. Each search begins where the one before it ended.
create or replace function hand_outs_between(p_list bigint, p_instants timestamptz[]) returns bigint[]
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
    v_sums bigint[] := array_fill(0::bigint, array[greatest(cardinality(p_instants) - 1, 0)]);
    v_file record;
    v_first_at timestamptz;
    v_last record;
    v_next bigint;
    v_before bigint;
    v_passed bigint;
begin
    for v_file in
        select f.file_id from coupon_file f where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0
    loop
        select l.ordinal, l.allocated_at into v_last from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_last.ordinal is null or v_last.allocated_at < p_instants[1];
        select l.allocated_at into v_first_at from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal limit 1;
        v_next := 0;
        for v_i in 1 .. cardinality(p_instants) loop
            -- Before a file's first hand-out there is nothing to look for.
            continue when p_instants[v_i] <= v_first_at;
            v_before := v_next;
            v_next := first_since(p_list, v_file.file_id, v_before, v_last.ordinal + 1, p_instants[v_i]);
            continue when v_i = 1 or v_next = v_before;
            -- Disabled codes that the cursor passed over were handed out to nobody; they are counted by ranges.
            select coalesce(sum(least(r.last, v_next - 1) - greatest(r.first, v_before) + 1), 0) into v_passed
                from disabled_run r
                where r.list_id = p_list and r.file_id = v_file.file_id and r.last >= v_before and r.first < v_next;
            v_sums[v_i - 1] := v_sums[v_i - 1] + v_next - v_before - v_passed;
        end loop;
    end loop;
    return v_sums;
end $$;
