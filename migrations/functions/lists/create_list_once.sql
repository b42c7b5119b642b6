-- A list, once for each key (null: no key), and no more than `p_most_lists` in a workspace (null: any number). Answers
-- the list, `p_public_id` or what the key made before, or why there is none.
create or replace function create_list_once(
    p_key text, p_hash bytea, p_most_lists bigint, p_workspace bigint, p_public_id bytea, p_name text, p_label text,
    p_expires_at timestamptz, p_created_by text, p_subscribers text[], p_alerts jsonb, p_fingerprint_key bytea,
    out made bytea, out refusal create_list_refusal
)
language plpgsql volatile as $$
begin
    made := p_public_id;
    if p_key is not null then
        made := take_idempotency_key(p_workspace, 'create_list', p_key, p_hash, p_public_id);
        if made is distinct from p_public_id then
            refusal := case when made is null then 'key-reused' end;
            return;
        end if;
    end if;
    if p_most_lists is not null then
        -- One creation at a time: two that count at once would both find room.
        perform 1 from workspace w where w.workspace_id = p_workspace for no key update;
        if (select count(*) from coupon_list c where c.workspace_id = p_workspace) >= p_most_lists then
            refusal := 'too-many';
        end if;
    end if;
    if refusal is null then
        refusal := create_list(p_workspace, p_public_id, p_name, p_label, p_expires_at, p_created_by, p_subscribers,
                               p_alerts, p_fingerprint_key);
    end if;
    if refusal is not null then
        -- A request that came to nothing may be mended and sent again.
        delete from idempotent_request r
            where r.workspace_id = p_workspace and r.operation = 'create_list' and r.key = p_key;
    end if;
end $$;
