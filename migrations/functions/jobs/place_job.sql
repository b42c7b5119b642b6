-- A trigger, since jobs are enqueued by many functions.
create or replace function place_job() returns trigger language plpgsql as $$
begin
    new.lane := case when new.kind = 'load_file' and new.payload ? 'url' then 'fetch_file' else new.kind end;
    -- What is of no list says itself whose it is.
    if new.list_id is not null then
        select c.workspace_id into new.workspace_id from coupon_list c where c.list_id = new.list_id;
    end if;
    return new;
end $$;
