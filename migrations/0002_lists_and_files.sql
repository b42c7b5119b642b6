-- Lists, their gates, their files. Nothing here changes while codes are handed out, except that a file is marked used
-- up once in its life.

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
    -- The name's index is made first, so that of two violations the name's is reported.
    constraint coupon_list_name_unique unique (workspace_id, name),
    constraint coupon_list_label_unique unique (workspace_id, label)
);

create index coupon_list_newest_first on coupon_list (workspace_id, created_at desc, public_id);
create index coupon_list_expiring on coupon_list (expires_at) where status = 'ACTIVE';

-- One row a list, locked before anything that changes what may be handed out and never updated: the one lock order.
create table gate (
    list_id bigint primary key
);

create table coupon_file (
    list_id         bigint not null,
    file_id         bigint generated always as identity,
    public_id       bytea not null check (octet_length(public_id) = 12),
    name            text not null,
    -- As it may be shown: the address to fetch from, with its secrets, lives in the job until the load has ended.
    file_url        text not null,
    created_by      text not null,
    callback_url    text,
    status          text not null default 'PENDING' check (status in ('PENDING', 'SUCCESS', 'FAILED')),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    deleted_at      timestamptz,
    quarantined_at  timestamptz,

    -- How far the load has come.
    stage           text not null default 'waiting'
                    check (stage in ('waiting', 'downloading', 'sorting', 'comparing', 'storing', 'done')),
    bytes_expected  bigint,
    bytes_read      bigint not null default 0,

    -- What the load came to.
    added           bigint not null default 0 check (added >= 0),
    duplicates      bigint not null default 0 check (duplicates >= 0),
    rejected        bigint not null default 0 check (rejected >= 0),
    rejections      jsonb not null default '[]',
    failure         text,

    -- The run: `added` codes, ordinals 0 to added - 1 in the order of their fingerprints, in blocks of one size.
    published_at    timestamptz,
    codes_per_block integer check (codes_per_block > 0),
    used_up         boolean not null default false,
    -- The last ordinal that exists, once the file's free codes have been taken away (deleted, archived, expired):
    -- what lies beyond is gone, whether or not its blocks are still on disk. -1 when nothing had been handed out.
    sealed_at       bigint check (sealed_at between -1 and added - 1),
    -- Of the ordinals up to sealed_at, how many were free (given back or disabled) when the file was sealed.
    withdrawn       bigint not null default 0 check (withdrawn between 0 and coalesce(sealed_at, -1) + 1),
    purged_at       timestamptz,

    primary key (list_id, file_id),
    constraint coupon_file_public_id_unique unique (list_id, public_id),
    check ((status = 'SUCCESS') = (published_at is not null)),
    check ((status = 'SUCCESS') = (codes_per_block is not null)),
    check ((status = 'FAILED') = (failure is not null)),
    check (status = 'SUCCESS' or added = 0)
);

-- The allocator's walk: files that still have codes, in the order of publication, without a sort.
create index coupon_file_with_codes on coupon_file (list_id, published_at, file_id)
    where status = 'SUCCESS' and not used_up and sealed_at is null and quarantined_at is null;
