-- Counts a request, if both windows have room for it (null: no limit). Tells about the window with the least room; of
-- a refused request, about the one that refused it, the day before the minute: that is how long there is to wait.
create or replace function count_request(p_workspace bigint, p_operation text, p_a_minute integer, p_a_day integer)
returns table (allowed boolean, quota integer, remaining integer, reset_at bigint, retry_after integer)
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_count request_count;
    v_minute_left integer;
    v_day_left integer;
    v_allowed boolean;
    v_by_day boolean;
    v_reset timestamptz;
begin
    insert into request_count (workspace_id, operation, minute, minute_used, day, day_used)
        values (p_workspace, p_operation, date_trunc('minute', v_now), 0, date_trunc('day', v_now, 'UTC'), 0)
        on conflict do nothing;
    select * into v_count from request_count c
        where c.workspace_id = p_workspace and c.operation = p_operation for no key update;
    -- After the lock: whoever waited over midnight belongs to the new day.
    v_now := clock_timestamp();
    -- A clock that is set back grants no window twice: the newer one goes on.
    if date_trunc('minute', v_now) > v_count.minute then
        v_count.minute := date_trunc('minute', v_now);
        v_count.minute_used := 0;
    end if;
    if date_trunc('day', v_now, 'UTC') > v_count.day then
        v_count.day := date_trunc('day', v_now, 'UTC');
        v_count.day_used := 0;
    end if;
    v_minute_left := p_a_minute - v_count.minute_used;
    v_day_left := p_a_day - v_count.day_used;
    v_allowed := coalesce(v_minute_left, 1) > 0 and coalesce(v_day_left, 1) > 0;
    if v_allowed then
        v_minute_left := v_minute_left - 1;
        v_day_left := v_day_left - 1;
        update request_count c
            set minute = v_count.minute, minute_used = v_count.minute_used + 1,
                day = v_count.day, day_used = v_count.day_used + 1
            where c.workspace_id = p_workspace and c.operation = p_operation;
        v_by_day := p_a_minute is null or v_day_left < v_minute_left;
    else
        v_by_day := v_day_left <= 0;
    end if;
    v_reset := case when v_by_day then v_count.day + interval '24 hours' else v_count.minute + interval '1 minute' end;
    return query select v_allowed,
                        case when v_by_day then p_a_day else p_a_minute end,
                        greatest(case when v_by_day then v_day_left else v_minute_left end, 0),
                        extract(epoch from v_reset)::bigint,
                        greatest(ceil(extract(epoch from v_reset - v_now)), 1)::integer;
end $$;
