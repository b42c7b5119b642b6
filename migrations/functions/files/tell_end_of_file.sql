-- Tells those who asked for it that a load has ended: whatever ends one calls this, once, in the same transaction. A file
-- that was deleted is nobody's news, and a dry run is news for whoever asked for it, by a callback.
create or replace function tell_end_of_file(p_list bigint, p_file bigint) returns void
language plpgsql volatile as $$
declare
    v_file coupon_file;
    v_alerts jsonb;
begin
    select * into v_file from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    if v_file.deleted_at is not null then
        return;
    end if;
    select c.alerts into v_alerts from coupon_list c where c.list_id = p_list;
    if v_file.dry_run then
        v_alerts := '{}';
    end if;
    if v_file.status = 'SUCCESS' and (v_alerts ->> 'success_alert')::boolean then
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'file_loaded', 'file_id', p_file));
    elsif v_file.status = 'FAILED' and (v_alerts ->> 'failure_alert')::boolean then
        perform enqueue_alert(p_list, jsonb_build_object('mail', 'file_failed', 'file_id', p_file));
    end if;
    if v_file.callback_url is not null then
        insert into job (kind, list_id, file_id, traceparent)
            select 'call_back', p_list, p_file, (
                select j.traceparent from job j
                where j.list_id = p_list and j.file_id = p_file and j.kind = 'load_file'
                order by j.job_id desc limit 1);
    end if;
end $$;
