-- How fast a list is used up: what it has, since when there have been codes, and how many were handed out lately.
create or replace function pace(p_list bigint) returns table (
    expires_at timestamptz, available bigint, now timestamptz, active boolean, since timestamptz, minute bigint, hour bigint,
    day bigint, week bigint
)
language plpgsql stable as $$
declare
    v_lately bigint[];
begin
    now := clock_timestamp();
    select c.expires_at, c.status = 'ACTIVE' and c.expires_at > now into expires_at, active
        from coupon_list c where c.list_id = p_list;
    select s.available into available from stock(p_list, active, now) s;
    select min(f.published_at) into since from coupon_file f where f.list_id = p_list;
    v_lately := hand_outs_between(p_list, array[now - interval '7 days', now - interval '1 day', now - interval '1 hour',
                                                now - interval '1 minute', 'infinity']);
    minute := v_lately[4];
    hour := minute + v_lately[3];
    day := hour + v_lately[2];
    week := day + v_lately[1];
    return next;
end $$;
