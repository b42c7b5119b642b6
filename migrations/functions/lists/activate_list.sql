-- Makes a list active until `p_expires_at`, from any state, and notes since when it is; codes of before do not come back.
-- Changes nothing if that instant has passed.
create or replace function activate_list(p_list bigint, p_expires_at timestamptz) returns activate_list_outcome
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform expire_list(p_list);
    v_now := clock_timestamp();
    if p_expires_at <= v_now then
        return 'expired';
    end if;
    update coupon_list c set status = 'ACTIVE', expires_at = p_expires_at, updated_at = v_now,
                             active_since = case when c.status = 'ACTIVE' then c.active_since else v_now end
        where c.list_id = p_list;
    perform note_at_gate(p_list);
    return 'activated';
end $$;
