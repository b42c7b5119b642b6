-- A page of the hand-outs from one instant to another, in the order of file, ordinal and turn, after the one given; either
-- instant may be null. Of a file the fresh ones are a range of ordinals. Those handed out again lie among others, and have an index
-- of their own: they come whenever they were handed out, for the caller to compare, so that a page reads no more than it has rows.
create or replace function ledger_page_between(
    p_list bigint, p_file bigint, p_from timestamptz, p_until timestamptz, p_after_file bigint, p_after_ordinal bigint,
    p_after_turn integer, p_limit integer
) returns table (file_id bigint, ordinal bigint, turn integer)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    v_file record;
    v_end bigint;
    v_low bigint;
    v_high bigint;
    v_left integer := p_limit;
    v_rows integer;
begin
    for v_file in
        select f.file_id from coupon_file f
        where f.list_id = p_list and f.status = 'SUCCESS' and f.added > 0 and f.file_id >= p_after_file
          and (p_file is null or f.file_id = p_file)
        order by f.file_id
    loop
        select l.ordinal + 1 into v_end from ledger l
            where l.list_id = p_list and l.file_id = v_file.file_id and l.turn = 0 order by l.ordinal desc limit 1;
        continue when v_end is null;
        v_low := case when p_from is null then 0 else first_since(p_list, v_file.file_id, 0, v_end, p_from) end;
        v_high := case when p_until is null then v_end else first_since(p_list, v_file.file_id, v_low, v_end, p_until) end;
        return query execute
            'select r.file_id, r.ordinal, r.turn from (
                 (select l.file_id, l.ordinal, l.turn from ledger l
                  where l.list_id = $1 and l.file_id = $2 and l.ordinal >= $3 and l.ordinal < $4 and l.turn = 0
                    and (l.ordinal, l.turn) > ($5, $6)
                  order by l.ordinal, l.turn limit $7)
                 union all
                 (select l.file_id, l.ordinal, l.turn from ledger l
                  where l.list_id = $1 and l.file_id = $2 and l.turn > 0 and (l.ordinal, l.turn) > ($5, $6)
                  order by l.ordinal, l.turn limit $7)
             ) r order by r.ordinal, r.turn limit $7'
            using p_list, v_file.file_id, v_low, v_high,
                  case when p_after_file < v_file.file_id then -1 else p_after_ordinal end,
                  case when p_after_file < v_file.file_id then -1 else p_after_turn end, v_left;
        get diagnostics v_rows = row_count;
        v_left := v_left - v_rows;
        exit when v_left <= 0;
    end loop;
end $$;
