-- Tenants, their keys and people, what they may ask for, and what the servers of a deployment share.

create table deployment (
    -- One row.
    is_this   boolean primary key default true check (is_this),
    -- As of when `couponry backup` wrote the last dump; what a restored database says is older than the dump it came from.
    backed_up_at timestamptz,
    -- Marks links as made here: 32 bytes, of which 244 bits are random.
    link_seal bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    -- The newest migration that a program has to know to run here. A migration that takes away what the release before it
    -- needs says so.
    required_migration bigint not null default 1,
    -- The lineage that codes may be handed out of: the cluster, its timeline, the database, and the OID of this table, which is
    -- another one in a restored dump. Null until the first server has looked.
    cluster            bigint,
    timeline           bigint,
    database           bigint,
    relation           bigint,
    -- When somebody last said that this is the one; the first server does so itself.
    acknowledged_at    timestamptz,
    -- A server missed an allocation that it had answered.
    loss_noticed_at    timestamptz,
    check (num_nulls(cluster, timeline, database, relation, acknowledged_at) in (0, 5))
);

insert into deployment default values;

-- Answers of `check_lineage`: why no new code is handed out.
create type pause_reason as enum ('other-cluster', 'copy', 'other-timeline', 'loss');

create table workspace (
    workspace_id          bigint generated always as identity primary key,
    -- The user name of Basic authentication; existing clients bring their own.
    public_id             text not null constraint workspace_public_id_unique unique
                          check (octet_length(public_id) between 1 and 255 and position(':' in public_id) = 0),
    name                  text not null check (name <> ''),
    -- One salt for all keys of a workspace: a key that is presented is hashed once, however many keys there are, and the
    -- same key has the same hash, so that a revoked one is known again.
    key_salt              bytea not null default uuid_send(gen_random_uuid())
                          check (octet_length(key_salt) between 8 and 64),
    -- Signs callbacks; made here, like the next but one, so that it never has to be thought of. 244 random bits.
    webhook_secret        bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    former_webhook_secret bytea,
    webhook_secret_since  timestamptz not null default clock_timestamp(),
    -- Signs links that open without a password. 244 random bits.
    link_key              bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    created_at            timestamptz not null default clock_timestamp()
);

create table api_key (
    api_key_id   bigint generated always as identity primary key,
    workspace_id bigint not null references workspace,
    -- argon2id, PHC string; the key itself is never stored.
    hash         text not null check (hash like '$argon2id$%'),
    label        text not null default 'unnamed' check (char_length(label) between 1 and 255),
    -- Whether it is, or was, the key of COUPONRY_BOOTSTRAP_API_KEY.
    configured   boolean not null default false,
    -- What it may do. A key never gets other rights, but for all of them when a server is configured with it.
    role         text not null check (role in ('read', 'allocate', 'manage')),
    -- The lists that it sees, in ascending order; null: all, also those made later. Not a table of its own: they are read with
    -- the key, each few seconds, and a row that is missing there would be a list more or a list fewer. No list is ever removed.
    lists        bigint[] check (cardinality(lists) between 1 and 1000),
    created_at   timestamptz not null default clock_timestamp(),
    -- A day of UTC.
    last_used_on date,
    -- From when on the key opens nothing; it lies ahead while a key and the one that follows it both do.
    revoked_at   timestamptz,
    -- Its index finds a workspace's keys.
    constraint api_key_hash_unique unique (workspace_id, hash)
);

create unique index api_key_one_configured on api_key (workspace_id) where configured and revoked_at is null;

-- Why a key was not made: the workspace has it (`taken`), or had it (`revoked`), or has not all of its lists (`no-list`).
create type create_api_key_refusal as enum ('taken', 'revoked', 'too-many', 'no-list', 'too-many-lists');

-- Why a key was not followed by another: it has ended, or its end is set (`revoked`).
create type rotate_api_key_refusal as enum ('no-key', 'revoked', 'too-many');

-- Those who sign in to the console. In lower case the address is who somebody is.
create table person (
    person_id   bigint generated always as identity primary key,
    public_id   bytea not null unique check (octet_length(public_id) = 12),
    email       text not null constraint person_email_unique unique check (email = lower(email)),
    name        text not null check (char_length(name) between 1 and 255),
    -- argon2id, PHC string; null until the person has chosen one.
    password    text check (password like '$argon2id$%'),
    -- Of the second factor, where there is one: 20 random bytes, and the last step that was used, so that no code counts twice.
    totp_secret bytea check (octet_length(totp_secret) = 20),
    totp_step   bigint not null default 0,
    -- Whom the identity provider knows the person as, from the first sign-in by it on. An address may get another owner there; the
    -- subject does not.
    oidc_issuer  text,
    oidc_subject text check (octet_length(oidc_subject) between 1 and 255),
    created_at  timestamptz not null default clock_timestamp(),
    disabled_at timestamptz,
    check ((oidc_issuer is null) = (oidc_subject is null))
);

-- Partial, so that binding somebody is no change of a key: what refers to the person does not wait for it.
create unique index person_oidc_unique on person (oidc_issuer, oidc_subject) where oidc_subject is not null;

-- What a person may do in a workspace.
create table membership (
    person_id    bigint not null references person on delete cascade,
    workspace_id bigint not null references workspace on delete cascade,
    role         text not null check (role in ('admin', 'manager', 'viewer')),
    -- Whether the identity provider gave it, and may change it and take it away; what was given here is not its to touch.
    by_provider  boolean not null default false,
    created_at   timestamptz not null default clock_timestamp(),
    primary key (person_id, workspace_id)
);

create index membership_of_workspace on membership (workspace_id, person_id);

-- A browser in which somebody has signed in. The cookie is 256 random bits, of which only the SHA-256 is here.
create table session (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    person_id  bigint not null references person on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    seen_at    timestamptz not null default clock_timestamp(),
    -- The password was right, the second factor has not come yet.
    is_half    boolean not null,
    address    text not null,
    agent      text not null,
    -- What the next page says once.
    message    jsonb
);

create index session_of_person on session (person_id);
create index session_by_age on session (seen_at);

-- Codes that stand in for a lost second factor, once each: their SHA-256.
create table recovery_code (
    person_id bigint not null references person on delete cascade,
    hash      bytea not null,
    primary key (person_id, hash)
);

-- A link that opens once, of 256 random bits: `setup` makes the first admin, `invitation` a member of a workspace, `password`
-- lets a person choose one, `sign-in` signs a person in.
create table one_time_link (
    token_hash   bytea primary key check (octet_length(token_hash) = 32),
    kind         text not null check (kind in ('setup', 'invitation', 'password', 'sign-in')),
    person_id    bigint references person on delete cascade,
    workspace_id bigint references workspace on delete cascade,
    email        text check (email = lower(email)),
    role         text check (role in ('admin', 'manager', 'viewer')),
    expires_at   timestamptz not null,
    -- Of an invitation: its number, who made it, and what became of its mail (null: it is not mailed). Only the job that is named
    -- here may mail it, with a token that it makes itself: whoever mails it again, or shows another link, takes that right away.
    link_id      bigint generated always as identity constraint one_time_link_number_unique unique,
    invited_by   bigint references person on delete set null,
    mail         text check (mail in ('waiting', 'sent', 'failed')),
    mail_job_id  bigint,
    check ((kind = 'invitation') = (workspace_id is not null and email is not null and role is not null)),
    check ((kind in ('password', 'sign-in')) = (person_id is not null))
);

create index one_time_link_by_end on one_time_link (expires_at);

-- One invitation for an address and a workspace: another one takes the place of the first.
create unique index one_time_link_one_invitation on one_time_link (workspace_id, email) where kind = 'invitation';

-- Somebody who was sent to the identity provider and has not come back. The browser has 256 random bits in a cookie, of which
-- state, nonce and PKCE verifier are made; here is their SHA-256, and where to go then. Removed when it is used.
create table provider_visit (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    -- A page of the console.
    goes_to    text not null check (octet_length(goes_to) <= 2048),
    created_at timestamptz not null default clock_timestamp()
);

create index provider_visit_by_age on provider_visit (created_at);

-- Attempts to sign in that were wrong or are being looked at: at an account and from an address, by their hashes, for all processes.
create table sign_in_attempt (
    subject  bytea primary key,
    attempts integer not null,
    since    timestamptz not null
);

-- Why a link was not accepted: it is unknown, used or too old (`gone`), somebody has set the installation up (`set-up`), or the
-- invited address is, or is not yet, somebody's, other than the page said (`other-person`).
create type accept_link_refusal as enum ('gone', 'set-up', 'other-person');

-- Why somebody whom the identity provider vouches for is not let in: the address is not verified there (`unverified`), nobody here
-- has it (`unknown`), it is somebody's whom the provider knows as another subject (`other-subject`), or the person was shut out
-- (`disabled`).
create type sign_in_by_provider_refusal as enum ('unverified', 'unknown', 'other-subject', 'disabled');

-- How often a workspace may ask: fixed windows in UTC by the database's clock, one counter for all processes.
create table request_count (
    workspace_id bigint not null references workspace,
    operation    text not null,
    -- The windows that the counts are of, by their beginnings.
    minute       timestamptz not null,
    minute_used  integer not null,
    day          timestamptz not null,
    day_used     integer not null,
    primary key (workspace_id, operation)
) with (fillfactor = 50);

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
