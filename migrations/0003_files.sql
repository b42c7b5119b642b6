-- Files, and where their bytes wait. While codes are handed out a file's row changes once in its life: it is used up.

create table coupon_file (
    list_id              bigint not null,
    file_id              bigint generated always as identity,
    public_id            bytea not null check (octet_length(public_id) = 12),
    name                 text not null,
    -- As it may be shown: the address to fetch from, with its secrets, lives in the job until the load has ended.
    file_url             text not null,
    -- Basic credentials went over plain http, where everyone on the way can read them: whoever looks is warned. The job
    -- forgets the credentials when the load ends.
    credentials_in_clear boolean not null default false,
    created_by           text not null,
    callback_url         text,
    status               text not null default 'PENDING' check (status in ('PENDING', 'SUCCESS', 'FAILED')),
    created_at           timestamptz not null default clock_timestamp(),
    updated_at           timestamptz not null default clock_timestamp(),
    deleted_at           timestamptz,
    quarantined_at       timestamptz,
    -- Everything is done with the file but publishing: what it would add is told, and it adds nothing.
    dry_run              boolean not null default false,

    -- How far the load has come.
    stage                text not null default 'waiting'
                         check (stage in ('waiting', 'downloading', 'sorting', 'comparing', 'storing', 'done')),
    bytes_expected       bigint,
    bytes_read           bigint not null default 0,

    -- What the load came to.
    added                bigint not null default 0 check (added >= 0),
    -- Of a dry run: how many codes the list would get.
    would_add            bigint check (would_add >= 0),
    -- All of them; those that the file itself repeats; those that the list had once, of files that are gone. The others are
    -- in the list.
    duplicates           bigint not null default 0 check (duplicates >= 0),
    duplicates_in_file   bigint not null default 0 check (duplicates_in_file >= 0),
    duplicates_from_before bigint not null default 0 check (duplicates_from_before >= 0),
    rejected             bigint not null default 0 check (rejected >= 0),
    -- How many rows were rejected for each reason, and the first of them by line.
    rejected_for         jsonb not null default '[]',
    rejections           jsonb not null default '[]',
    -- Of all rejected rows as they are kept in `rejection_piece` for a week; null where none was rejected.
    rejections_bytes     bigint check (rejections_bytes > 0),
    failure              text,
    -- Of a file without a header. A column of its own, since it may be a code: mails and callbacks carry the reason
    -- without it.
    first_line           text,
    -- How many codes hold something that cannot be seen.
    unseen               bigint not null default 0,

    -- The run: `added` codes, ordinals 0 to added - 1 in the order of their fingerprints, in blocks of one size.
    published_at         timestamptz,
    codes_per_block      integer check (codes_per_block > 0),
    used_up              boolean not null default false,
    -- Whether anything of the file may lie in `returned`: true whenever it is so, and for a while after.
    has_returned         boolean not null default false,
    -- The last ordinal that exists, once the file's free codes have been taken away (deleted, archived, expired):
    -- what lies beyond is gone, whether or not its blocks are still on disk. -1 when nothing had been handed out.
    sealed_at            bigint check (sealed_at between -1 and added - 1),
    -- Of the ordinals up to sealed_at, how many were free (given back or disabled) when the file was sealed.
    withdrawn            bigint not null default 0 check (withdrawn between 0 and coalesce(sealed_at, -1) + 1),
    purged_at            timestamptz,

    primary key (list_id, file_id),
    constraint coupon_file_public_id_unique unique (list_id, public_id),
    check ((status = 'SUCCESS' and not dry_run) = (published_at is not null)),
    check ((status = 'SUCCESS' and not dry_run) = (codes_per_block is not null)),
    check ((status = 'SUCCESS' and dry_run) = (would_add is not null)),
    check (not dry_run or added = 0),
    check (duplicates_in_file + duplicates_from_before <= duplicates),
    check ((status = 'FAILED') = (failure is not null)),
    check (status = 'SUCCESS' or added = 0)
);

-- The allocator's walk: files that still have codes, in the order of publication, without a sort.
create index coupon_file_with_codes on coupon_file (list_id, published_at, file_id)
    where status = 'SUCCESS' and not used_up and sealed_at is null and quarantined_at is null;
create index coupon_file_with_returned on coupon_file (list_id, file_id)
    where has_returned and sealed_at is null and quarantined_at is null;
-- What housekeeping asks for: nearly nothing, however many files there are.
create index coupon_file_not_purged on coupon_file (list_id) where sealed_at is not null and purged_at is null;
create index coupon_file_dry_run on coupon_file (list_id, created_at) where dry_run;
create index coupon_file_orphaned on coupon_file (updated_at)
    where status = 'FAILED' or status = 'PENDING' and deleted_at is not null;

-- A file sent by hand, in pieces, until its load has ended. Any process may do the load, so the bytes are kept here and
-- not on a process' disk.
create table upload_piece (
    list_id     bigint not null,
    upload_id   uuid not null,
    number      integer not null,
    bytes       bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (list_id, upload_id, number)
);
-- Compressing would cost more time than it saves room for the seconds that a piece lives.
alter table upload_piece alter column bytes set storage external;

-- Where the bytes of a hosted file wait for their load. Unlogged: what a crash of the database loses is fetched again.
create unlogged table fetched_piece (
    list_id bigint not null,
    job_id  bigint not null,
    -- Of the claim that fetched them: a worker that lost the job writes beside its successor, not into its pieces.
    attempt integer not null,
    number  integer not null,
    bytes   bytea not null,
    primary key (list_id, job_id, attempt, number)
);
alter table fetched_piece alter column bytes set storage external;

-- The rejected rows of a file as CSV, a gzip stream in pieces: for a week, or until the file is deleted.
create table rejection_piece (
    list_id bigint not null,
    file_id bigint not null,
    number  integer not null,
    bytes   bytea not null,
    kept_at timestamptz not null default clock_timestamp(),
    primary key (list_id, file_id, number)
);
-- It is compressed already.
alter table rejection_piece alter column bytes set storage external;

create type add_file_refusal as enum ('list-not-active', 'key-reused');

-- What became of a load: its codes may be handed out; or nothing was changed, since its job is someone else's by now
-- (`stale`); or its file has failed.
create type publish_file_outcome as enum ('published', 'stale', 'list-archived', 'list-expired', 'list-full');
