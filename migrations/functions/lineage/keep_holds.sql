-- Makes up to `p_most` holds of the list last, also such as ran out: whether they were confirmed may be among what was lost.
-- Answers how many; to be repeated until they are fewer than `p_most`.
create or replace function keep_holds(p_list bigint, p_most integer) returns integer
language plpgsql volatile as $$
declare
    v_holds record;
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select array_agg(h.file_id) as files, array_agg(h.ordinal) as ordinals, array_agg(h.turn) as turns into v_holds
        from (select h.file_id, h.ordinal, h.turn from hold h where h.list_id = p_list limit p_most) h;
    if v_holds.files is null then
        return 0;
    end if;
    perform remove_holds(p_list, v_holds.files, v_holds.ordinals, v_holds.turns);
    insert into event (list_id, file_id, ordinal, turn, kind, at)
        select p_list, h.file_id, h.ordinal, h.turn, 'CONFIRMED', v_now
        from unnest(v_holds.files, v_holds.ordinals, v_holds.turns) h (file_id, ordinal, turn);
    return cardinality(v_holds.files);
end $$;
