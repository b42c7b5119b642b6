-- Gives back up to `p_most` codes whose holds ran out, so that they are counted and handed out as others are. A hold
-- that ran out is a code given back, also before anyone has booked it so. Answers how many; to be repeated until they
-- are fewer than `p_most`.
create or replace function sweep_holds(p_list bigint, p_most integer) returns integer
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_holds record;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    select * into v_holds from choose_run_out_holds(p_list, v_now, p_most, false);
    if v_holds.codes is null then
        return 0;
    end if;
    perform end_holds(p_list, v_holds.files, v_holds.ordinals, v_holds.turns);
    perform put_back(p_list, v_holds.files, v_holds.ordinals, v_holds.turns, v_holds.codes);
    return cardinality(v_holds.codes);
end $$;
