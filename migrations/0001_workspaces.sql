-- Tenants and their API keys.

create table workspace (
    workspace_id bigint generated always as identity primary key,
    -- The user name of Basic authentication; existing clients bring their own.
    public_id    text not null constraint workspace_public_id_unique unique
                 check (octet_length(public_id) between 1 and 255 and position(':' in public_id) = 0),
    name         text not null check (name <> ''),
    created_at   timestamptz not null default clock_timestamp()
);

create table api_key (
    api_key_id   bigint generated always as identity primary key,
    workspace_id bigint not null references workspace,
    -- argon2id, PHC string; the key itself is never stored.
    hash         text not null check (hash like '$argon2id$%'),
    created_at   timestamptz not null default clock_timestamp(),
    revoked_at   timestamptz
);

create index api_key_of_workspace on api_key (workspace_id) where revoked_at is null;
