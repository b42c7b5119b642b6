-- Asks for a report; answers why there will be none, or null. `p_first_day_ends` and `p_last_day_begins` place the two
-- days on the clock.
create or replace function request_report(
    p_list bigint, p_public_id bytea, p_start_date date, p_end_date date, p_from timestamptz,
    p_first_day_ends timestamptz, p_last_day_begins timestamptz, p_until timestamptz, p_subscribers text[]
) returns request_report_refusal
language plpgsql volatile as $$
declare
    v_report bigint;
begin
    perform 1 from coupon_list c where c.list_id = p_list and c.created_at >= p_first_day_ends;
    if found then
        return 'too-early';
    end if;
    if p_last_day_begins > clock_timestamp() then
        return 'in-future';
    end if;
    insert into usage_report (list_id, public_id, start_date, end_date, from_at, until_at, subscribers)
        values (p_list, p_public_id, p_start_date, p_end_date, p_from, p_until, p_subscribers)
        returning report_id into v_report;
    insert into job (kind, list_id, payload)
        values ('build_report', p_list, jsonb_build_object('report_id', v_report));
    return null;
end $$;
