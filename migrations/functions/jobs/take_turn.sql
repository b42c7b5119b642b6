-- Whether this turn is the caller's; the next one comes after `p_pause`.
create or replace function take_turn(p_name text, p_pause interval) returns boolean
language plpgsql volatile as $$
begin
    insert into turn (name, next_at) values (p_name, '-infinity') on conflict do nothing;
    -- A clock that was set back must not stop the turns.
    update turn t set next_at = clock_timestamp() + p_pause
        where t.name = p_name and (t.next_at <= clock_timestamp() or t.next_at > clock_timestamp() + p_pause);
    return found;
end $$;
