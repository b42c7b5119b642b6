-- Archives a list: nothing is handed out any more, loads end, and free codes are gone. Archiving twice changes nothing.
create or replace function archive_list(p_list bigint) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    v_now := clock_timestamp();
    update coupon_list c set status = 'ARCHIVED', updated_at = v_now
        where c.list_id = p_list and c.status <> 'ARCHIVED';
    if found then
        perform fail_pending_files(p_list, 'list archived');
        perform seal_files(p_list);
        perform note_at_gate(p_list);
    end if;
end $$;
