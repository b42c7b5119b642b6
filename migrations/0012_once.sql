-- Requests that must take effect once: a client that heard no answer sends the same Idempotency-Key again.

create table idempotent_request (
    workspace_id bigint not null references workspace,
    operation    text not null check (operation in ('create_list', 'upload_file')),
    key          text not null,
    -- Of everything the request says: the same key with another request is a mistake.
    request_hash bytea not null,
    -- What the request made.
    public_id    bytea not null,
    created_at   timestamptz not null default clock_timestamp(),
    primary key (workspace_id, operation, key)
);

create index idempotent_request_by_age on idempotent_request (created_at);

-- Takes the key for `p_public_id`; waits for a request under way with the same key. Answers
--   first; repeat (and what the first one made); other (the key was used for another request)
create function take_idempotency_key(
    p_workspace bigint, p_operation text, p_key text, p_hash bytea, p_public_id bytea
) returns table (outcome text, made bytea)
language plpgsql volatile as $$
begin
    insert into idempotent_request (workspace_id, operation, key, request_hash, public_id)
        values (p_workspace, p_operation, p_key, p_hash, p_public_id) on conflict do nothing;
    if found then
        return query select 'first', p_public_id;
    else
        return query select case when r.request_hash = p_hash then 'repeat' else 'other' end, r.public_id
                     from idempotent_request r
                     where r.workspace_id = p_workspace and r.operation = p_operation and r.key = p_key;
    end if;
end $$;

-- A list, once for each key (null: no key), and no more than `p_most_lists` in a workspace (null: any number). Answers
--   created; repeat; other; expired; too-many
create function create_list_once(
    p_key text, p_hash bytea, p_most_lists bigint, p_workspace bigint, p_public_id bytea, p_name text, p_label text,
    p_expires_at timestamptz, p_created_by text, p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea
) returns table (outcome text, made bytea)
language plpgsql volatile as $$
declare
    v_taken record;
    v_outcome text := 'created';
begin
    if p_key is not null then
        select * into v_taken from take_idempotency_key(p_workspace, 'create_list', p_key, p_hash, p_public_id);
        if v_taken.outcome <> 'first' then
            return query select v_taken.outcome::text, v_taken.made::bytea;
            return;
        end if;
    end if;
    if p_most_lists is not null then
        -- One creation at a time: two that count at once would both find room.
        perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
        if (select count(*) from coupon_list c where c.workspace_id = p_workspace) >= p_most_lists then
            v_outcome := 'too-many';
        end if;
    end if;
    if v_outcome = 'created' and not create_list(p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by,
                                                 p_subscribers, p_alerts, p_fingerprint_key) then
        v_outcome := 'expired';
    end if;
    if v_outcome <> 'created' and p_key is not null then
        -- A request that came to nothing may be mended and sent again.
        delete from idempotent_request r
            where r.workspace_id = p_workspace and r.operation = 'create_list' and r.key = p_key;
    end if;
    return query select v_outcome, p_public_id;
end $$;

-- A file, once for each key (null: no key). Answers added; repeat; other; inactive
create function add_file_once(
    p_key text, p_hash bytea, p_list bigint, p_public_id bytea, p_name text, p_file_url text, p_created_by text,
    p_callback_url text, p_payload jsonb
) returns table (outcome text, made bytea)
language plpgsql volatile as $$
declare
    v_workspace bigint;
    v_taken record;
begin
    select c.workspace_id into v_workspace from coupon_list c where c.list_id = p_list;
    if p_key is not null then
        select * into v_taken from take_idempotency_key(v_workspace, 'upload_file', p_key, p_hash, p_public_id);
        if v_taken.outcome <> 'first' then
            return query select v_taken.outcome::text, v_taken.made::bytea;
            return;
        end if;
    end if;
    if add_file(p_list, p_public_id, p_name, p_file_url, p_created_by, p_callback_url, p_payload) is null then
        delete from idempotent_request r
            where r.workspace_id = v_workspace and r.operation = 'upload_file' and r.key = p_key;
        return query select 'inactive', p_public_id;
    else
        return query select 'added', p_public_id;
    end if;
end $$;
