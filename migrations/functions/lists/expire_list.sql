-- Carries out an expiry that has come; answers whether there was one.
create or replace function expire_list(p_list bigint) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    update coupon_list c set status = 'EXPIRED'
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at <= v_now;
    if not found then
        return false;
    end if;
    perform fail_pending_files(p_list, 'list expired');
    perform seal_files(p_list);
    perform note_at_gate(p_list);
    return true;
end $$;
