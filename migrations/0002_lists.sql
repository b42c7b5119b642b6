-- Lists and their gates. Nothing here changes while codes are handed out.

create table coupon_list (
    list_id         bigint generated always as identity primary key,
    public_id       bytea not null constraint coupon_list_public_id_unique unique check (octet_length(public_id) = 12),
    workspace_id    bigint not null references workspace,
    name            text not null,
    label           text not null,
    -- What has been carried out. A list past `expires_at` is expired whether or not this says so yet.
    status          text not null default 'ACTIVE' check (status in ('ACTIVE', 'ARCHIVED', 'EXPIRED')),
    expires_at      timestamptz not null,
    created_by      text not null,
    subscribers     text[] not null check (cardinality(subscribers) <= 50),
    alerts          jsonb not null,
    -- Orders every file of the list for ever: see FingerprintKey.
    fingerprint_key bytea not null check (octet_length(fingerprint_key) = 16),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    -- Since when the list has been active without a break: a list that comes back empty is no shortage yet.
    active_since    timestamptz not null default clock_timestamp(),
    constraint coupon_list_name_unique unique (workspace_id, name),
    constraint coupon_list_label_unique unique (workspace_id, label)
);

create index coupon_list_newest_first on coupon_list (workspace_id, created_at desc, public_id);
create index coupon_list_expiring on coupon_list (expires_at) where status = 'ACTIVE';
create index coupon_list_watching_stock on coupon_list (list_id)
    where status = 'ACTIVE' and (alerts #>> '{coupon_shortage_alert,alert}')::boolean;
create index coupon_list_watching_expiry on coupon_list (list_id)
    where status = 'ACTIVE' and (alerts #>> '{expiry_alert,alert}')::boolean;

-- One row a list, locked before anything that changes what may be handed out: the one lock order. The statement that locks
-- it reads what a call for codes has to know of the list. note_at_gate() keeps that, whenever the tables that say it change:
-- a few times in a list's life, so that row versions do not pile up while codes are handed out.
create table gate (
    list_id         bigint primary key,
    is_active       boolean not null,
    expires_at      timestamptz not null,
    -- Whether anything may lie there that was given back, and whether any code may be ahead that was disabled before
    -- somebody had it. True whenever it is so, and for a while after.
    has_returned    boolean not null,
    has_disabled    boolean not null,
    -- The file whose codes are next, if there is one.
    file_id         bigint,
    added           bigint,
    codes_per_block integer
);

-- What has been told of a list. Not on the list's row: that changes by requests only.
create table list_watch (
    list_id           bigint primary key,
    -- Null: armed.
    shortage_fired_at timestamptz,
    -- When the last mail about a shortage was enqueued.
    shortage_told_at  timestamptz,
    -- The day, in the workspace's zone, of the last reminder.
    reminded_on       date
);

-- Tokens by which a template engine fetches codes.
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

-- Why a list was not made.
create type create_list_refusal as enum ('duplicate-name', 'duplicate-label', 'expired', 'too-many', 'key-reused');

-- What became of a patch: `expired` when the list would not be active; the last two when an alert that is on needs its
-- number.
create type update_list_outcome as enum (
    'updated', 'duplicate-name', 'expired', 'days-before-missing', 'threshold-count-missing'
);

create type activate_list_outcome as enum ('activated', 'expired');
