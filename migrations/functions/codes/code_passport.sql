-- All that is known of a code at a place: where it comes from and what became of it. `history` is an array of
-- {"at": microseconds since 1970, "event"}; `turn` is the last hand-out's, or null; `status` is null for a code that
-- does not exist (any more).
create or replace function code_passport(p_list bigint, p_file bigint, p_ordinal bigint) returns table (
    file_public_id bytea, file_name text, file_created_by text, turn integer, status code_status, history jsonb,
    redemption jsonb, redeemed_at timestamptz
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_file coupon_file;
    v_active boolean;
    v_turn integer;
    v_status code_status;
    v_event record;
begin
    select * into v_file from coupon_file f where f.list_id = p_list and f.file_id = p_file;
    select c.status = 'ACTIVE' and c.expires_at > v_now into v_active from coupon_list c where c.list_id = p_list;
    select l.turn into v_turn from ledger l
        where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal order by l.turn desc limit 1;
    if v_turn is not null then
        select nullif(s.status, 'RELEASED') into v_status
            from allocations_at(p_list, array[p_file], array[p_ordinal], array[v_turn], v_now) s;
    end if;
    if v_status is null then
        v_status := case
            when exists (select from disabled d
                         where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal) then 'DISABLED'
            when v_file.sealed_at is not null or not v_active then null
            when v_file.quarantined_at is not null then 'QUARANTINED'
            else 'AVAILABLE' end;
    end if;
    select e.detail, e.at into v_event from event e
        where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal and e.turn = v_turn
          and e.kind = 'REDEEMED';
    return query
        select v_file.public_id, v_file.name, v_file.created_by, v_turn, v_status,
               (select jsonb_agg(jsonb_build_object('at', (extract(epoch from t.at) * 1000000)::bigint, 'event', t.event)
                                 order by t.at, t.place)
                from (
                    select v_file.published_at as at, 'ADDED' as event, 0 as place
                    union all
                    select l.allocated_at, 'ALLOCATED', 1 + 10 * l.turn from ledger l
                    where l.list_id = p_list and l.file_id = p_file and l.ordinal = p_ordinal
                    union all
                    select e.at, e.kind, 2 + 10 * e.turn from event e
                    where e.list_id = p_list and e.file_id = p_file and e.ordinal = p_ordinal
                    union all
                    select d.at, 'DISABLED', 1000000 from disabled d
                    where d.list_id = p_list and d.file_id = p_file and d.ordinal = p_ordinal
                      and not exists (select from event e where e.list_id = p_list and e.file_id = p_file
                                      and e.ordinal = p_ordinal and e.kind = 'DISABLED')
                    union all
                    -- Booked only when somebody looks for it.
                    select h.held_until, 'RELEASED', 3 + 10 * h.turn from hold h
                    where h.list_id = p_list and h.file_id = p_file and h.ordinal = p_ordinal and h.held_until <= v_now
                ) t),
               v_event.detail, v_event.at;
end $$;
