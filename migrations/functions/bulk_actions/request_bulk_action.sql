-- Asks for an action on all hand-outs that the filter takes. Answers from when on no hand-out is taken any more.
create or replace function request_bulk_action(
    p_list bigint, p_public_id bytea, p_action text, p_file bytea, p_user text, p_campaign text, p_hand_out text,
    p_from timestamptz, p_until timestamptz
) returns timestamptz
language plpgsql volatile as $$
declare
    v_id bigint;
    v_until timestamptz := least(p_until, clock_timestamp());
begin
    insert into bulk_action (list_id, public_id, action, file, user_id, campaign_id, hand_out, from_at, until_at)
        values (p_list, p_public_id, p_action, p_file, p_user, p_campaign, p_hand_out, p_from, v_until)
        returning bulk_action_id into v_id;
    insert into job (kind, list_id, payload) values ('bulk_action', p_list, jsonb_build_object('bulk_action_id', v_id));
    return v_until;
end $$;
