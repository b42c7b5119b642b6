-- A trigger, since a load ends in many ways: published, failed, given up, its list archived or expired.
create or replace function announce_end_of_file() returns trigger language plpgsql as $$
declare
    v_alerts jsonb;
begin
    select c.alerts into v_alerts from coupon_list c where c.list_id = new.list_id;
    if new.status = 'SUCCESS' and (v_alerts ->> 'success_alert')::boolean then
        perform enqueue_alert(new.list_id, jsonb_build_object('mail', 'file_loaded', 'file_id', new.file_id));
    elsif new.status = 'FAILED' and (v_alerts ->> 'failure_alert')::boolean then
        perform enqueue_alert(new.list_id, jsonb_build_object('mail', 'file_failed', 'file_id', new.file_id));
    end if;
    if new.callback_url is not null then
        insert into job (kind, list_id, file_id) values ('call_back', new.list_id, new.file_id);
    end if;
    return null;
end $$;
