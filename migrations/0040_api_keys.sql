-- Several keys for each workspace: made, listed, ended and followed by others; and the one that is configured.

-- One salt for all keys of a workspace: a key that is presented is hashed once, however many keys there are, and the same
-- key has the same hash, so that a revoked one is known again.
alter table workspace add column key_salt bytea not null default uuid_send(gen_random_uuid())
    check (octet_length(key_salt) between 8 and 64);

-- Keys that were stored with a salt of their own: the newest one's becomes the workspace's.
update workspace w set key_salt = decode(rpad(k.salt, (length(k.salt) + 3) / 4 * 4, '='), 'base64')
    from (select distinct on (a.workspace_id) a.workspace_id, split_part(a.hash, '$', 5) as salt
          from api_key a where a.revoked_at is null order by a.workspace_id, a.api_key_id desc) k
    where k.workspace_id = w.workspace_id;
update api_key a set revoked_at = clock_timestamp()
    from workspace w
    where w.workspace_id = a.workspace_id and a.revoked_at is null
      and split_part(a.hash, '$', 5) <> rtrim(encode(w.key_salt, 'base64'), '=');

alter table api_key
    add column label text not null default 'unnamed' check (char_length(label) between 1 and 255),
    -- Whether it is, or was, the key of COUPONRY_BOOTSTRAP_API_KEY.
    add column configured boolean not null default false,
    -- A day of UTC.
    add column last_used_on date,
    add constraint api_key_hash_unique unique (workspace_id, hash);
-- `revoked_at` is from when on the key opens nothing; it lies ahead while a key and the one that follows it both do.

create unique index api_key_one_configured on api_key (workspace_id) where configured and revoked_at is null;
-- The unique constraint's index finds a workspace's keys.
drop index api_key_of_workspace;

create function note_key_command(p_workspace bigint, p_action text, p_key bigint) returns void
language plpgsql volatile as $$
begin
    insert into audit_entry (workspace_id, action, object_id) values (p_workspace, p_action, p_key::text);
end $$;

-- What one workspace's keys are changed under. Nothing that hands codes out waits for it.
create function lock_keys(p_workspace bigint) returns void
language plpgsql volatile as $$
begin
    perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
end $$;

-- How many keys open the workspace; the configured one is not among them.
create function count_keys(p_workspace bigint) returns bigint
language plpgsql volatile as $$
begin
    return (select count(*) from api_key k
            where k.workspace_id = p_workspace and not k.configured
              and (k.revoked_at is null or k.revoked_at > clock_timestamp()));
end $$;

-- Answers created; taken (it is a key already); revoked (it was one); too-many.
create function create_api_key(
    p_workspace bigint, p_label text, p_hash text, p_most bigint, out outcome text, out key_id bigint
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if found then
        outcome := case when v_key.revoked_at is null then 'taken' else 'revoked' end;
        return;
    end if;
    if count_keys(p_workspace) >= p_most then
        outcome := 'too-many';
        return;
    end if;
    insert into api_key (workspace_id, label, hash) values (p_workspace, p_label, p_hash)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.create', key_id);
    outcome := 'created';
end $$;

-- Answers revoked, also of a key that was; no-key. `left_over` is how many keys still open the workspace.
create function revoke_api_key(
    p_workspace bigint, p_key bigint,
    out outcome text, out revoked_at timestamptz, out configured boolean, out left_over bigint
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        outcome := 'no-key';
        return;
    end if;
    if v_key.revoked_at is null or v_key.revoked_at > clock_timestamp() then
        update api_key k set revoked_at = clock_timestamp() where k.api_key_id = p_key returning * into v_key;
        perform note_key_command(p_workspace, 'key.revoke', p_key);
    end if;
    outcome := 'revoked';
    revoked_at := v_key.revoked_at;
    configured := v_key.configured;
    left_over := (select count(*) from api_key k
                  where k.workspace_id = p_workspace
                    and (k.revoked_at is null or k.revoked_at > clock_timestamp()));
end $$;

-- Makes a key with the label of another one, and ends that after `p_overlap`. Answers rotated; no-key; revoked (it has
-- ended, or its end is set already); too-many. A key that ends at once makes room for the one that follows it.
create function rotate_api_key(
    p_workspace bigint, p_key bigint, p_hash text, p_overlap interval, p_most bigint,
    out outcome text, out key_id bigint, out label text, out former_ends_at timestamptz, out former_configured boolean
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.api_key_id = p_key;
    if not found then
        outcome := 'no-key';
        return;
    end if;
    if v_key.revoked_at is not null then
        outcome := 'revoked';
        return;
    end if;
    if count_keys(p_workspace) - (not v_key.configured and p_overlap = interval '0')::int >= p_most then
        outcome := 'too-many';
        return;
    end if;
    update api_key k set revoked_at = clock_timestamp() + p_overlap where k.api_key_id = p_key
        returning k.revoked_at into former_ends_at;
    insert into api_key (workspace_id, label, hash) values (p_workspace, v_key.label, p_hash)
        returning api_key_id into key_id;
    perform note_key_command(p_workspace, 'key.rotate', p_key);
    outcome := 'rotated';
    label := v_key.label;
    former_configured := v_key.configured;
end $$;

-- The key that a server is configured with, at its start. Answers known; configured (it is from now on, and the
-- configured keys before it, `former`, open nothing); revoked (it was, and stays so; `ended_at`).
create function configure_api_key(
    p_workspace bigint, p_hash text, out outcome text, out former bigint[], out ended_at timestamptz
)
language plpgsql volatile as $$
declare
    v_key api_key;
begin
    -- Servers that start at the same time come one after the other, and the second finds what the first did.
    perform lock_keys(p_workspace);
    select * into v_key from api_key k where k.workspace_id = p_workspace and k.hash = p_hash;
    if v_key.revoked_at is not null then
        outcome := 'revoked';
        ended_at := v_key.revoked_at;
        return;
    end if;
    if v_key.configured then
        outcome := 'known';
        return;
    end if;
    -- One whose end is set keeps it: somebody gave its clients that long.
    with ended as (
        update api_key k set revoked_at = clock_timestamp()
            where k.workspace_id = p_workspace and k.configured and k.revoked_at is null
            returning k.api_key_id
    )
    select array_agg(e.api_key_id order by e.api_key_id) into former from ended e;
    if v_key.api_key_id is null then
        insert into api_key (workspace_id, label, hash, configured) values (p_workspace, 'configured', p_hash, true)
            returning * into v_key;
        perform note_key_command(p_workspace, 'key.create', v_key.api_key_id);
    else
        update api_key k set configured = true where k.api_key_id = v_key.api_key_id;
    end if;
    perform note_key_command(p_workspace, 'key.revoke', f.api_key_id) from unnest(former) as f (api_key_id);
    outcome := 'configured';
end $$;
