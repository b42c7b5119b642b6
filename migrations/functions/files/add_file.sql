-- A file to be loaded, and the job that loads it, whose payload says whether it is a dry run, and the request's
-- `traceparent` if it was traced. Answers the file, or null if
-- the list takes none.
create or replace function add_file(
    p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text, p_callback_url text,
    p_payload jsonb
) returns bigint
language plpgsql volatile as $$
declare
    v_file bigint;
begin
    perform 1 from gate g where g.list_id = p_list for no key update;
    perform 1 from coupon_list c
        where c.list_id = p_list and c.status = 'ACTIVE' and c.expires_at > clock_timestamp();
    if not found then
        return null;
    end if;
    insert into coupon_file (list_id, public_id, name, file_url, created_by, callback_url, credentials_in_clear,
                             dry_run)
        values (p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url,
                p_payload ->> 'username' is not null and coalesce(p_payload ->> 'url' like 'http://%', false),
                coalesce((p_payload ->> 'dry_run')::boolean, false))
        returning file_id into v_file;
    insert into job (kind, list_id, file_id, payload, traceparent)
        values ('load_file', p_list, v_file, p_payload - 'traceparent', p_payload ->> 'traceparent');
    return v_file;
end $$;
