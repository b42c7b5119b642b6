-- Does what was asked for to some hand-outs that the filter took, notes how far it has come, and ends it after the last ones
-- (`p_after_file` null). Those that stand no more as they did, and those that there is nothing to do to, stay as they are. False if
-- the job is someone else's by now, or the action has ended.
create or replace function carry_on_bulk_action(
    p_job bigint, p_attempt integer, p_owner uuid, p_list bigint, p_bulk_action bigint, p_files bigint[], p_ordinals bigint[],
    p_turns integer[], p_after_file bigint, p_after_ordinal bigint, p_after_turn integer
) returns boolean
language plpgsql volatile as $$
declare
    v_action text;
    v_hand_out text;
    v_standing record;
    v_one record;
    v_changed bigint;
    v_now timestamptz;
begin
    -- The gate before the job, as by everything that locks both.
    perform 1 from gate g where g.list_id = p_list for no key update;
    if not lock_my_job(p_job, p_attempt, p_owner) then
        return false;
    end if;
    select b.action, b.hand_out into v_action, v_hand_out from bulk_action b
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action and b.status = 'PENDING' for no key update;
    if not found then
        return false;
    end if;
    v_now := clock_timestamp();
    select array_agg(s.file_id) as files, array_agg(s.ordinal) as ordinals, array_agg(s.turn) as turns,
           array_agg(s.code) as codes, count(*) as count
        into v_standing from allocations_at(p_list, p_files, p_ordinals, p_turns, v_now) s
        where (s.status = 'HELD' or s.status = 'ALLOCATED' and v_action <> 'CONFIRM')
          -- The filter was asked before the gate: a hold may have been confirmed since.
          and (v_hand_out is null or s.status = v_hand_out);
    v_changed := v_standing.count;
    if v_changed > 0 then
        if v_action = 'CONFIRM' then
            perform confirm(p_list, v_standing.files, v_standing.ordinals, v_standing.turns);
        elsif v_action = 'RELEASE' then
            perform release(p_list, v_standing.files, v_standing.ordinals, v_standing.turns);
        else
            for v_one in
                select * from unnest(v_standing.files, v_standing.ordinals, v_standing.codes) s (file_id, ordinal, code)
            loop
                perform disable(p_list, v_one.file_id, v_one.ordinal, v_one.code);
            end loop;
        end if;
    end if;
    update bulk_action b
        set matched = b.matched + coalesce(cardinality(p_files), 0), changed = b.changed + v_changed,
            after_file = p_after_file, after_ordinal = p_after_ordinal, after_turn = p_after_turn,
            status = case when p_after_file is null then 'DONE' else 'PENDING' end,
            ended_at = case when p_after_file is null then v_now end
        where b.list_id = p_list and b.bulk_action_id = p_bulk_action;
    if p_after_file is null then
        perform end_job(p_job, p_attempt, p_owner, v_now);
    end if;
    return true;
end $$;
