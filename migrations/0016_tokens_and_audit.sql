-- Tokens by which a template engine fetches codes, and the record of who changed what.

create table pull_token (
    list_id    bigint not null,
    token_id   bigint generated always as identity,
    public_id  bytea not null constraint pull_token_public_id_unique unique check (octet_length(public_id) = 12),
    -- What is answered when the list has no code to give; null: an error.
    fallback   text,
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz,
    primary key (list_id, token_id)
);

-- One row for each changing call that succeeded, but for hand-outs: of those the ledger is the record. No codes, no
-- people: an id of a list, a file, a token at most.
create table audit_entry (
    audit_id      bigint generated always as identity primary key,
    workspace_id  bigint not null,
    at            timestamptz not null default clock_timestamp(),
    api_key_id    bigint,
    action        text not null,
    list_id       bytea,
    object_id     text
);

create index audit_entry_of_workspace on audit_entry (workspace_id, audit_id desc);
