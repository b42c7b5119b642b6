-- Usage reports: asked for, built by a job, kept for a week as pieces of a gzip stream, mailed.

create table usage_report (
    list_id     bigint not null,
    report_id   bigint generated always as identity,
    public_id   bytea not null constraint usage_report_public_id_unique unique check (octet_length(public_id) = 12),
    -- As asked for; the instants are those days' in the workspace's zone.
    start_date  date not null,
    end_date    date not null,
    from_at     timestamptz not null,
    until_at    timestamptz not null,
    subscribers text[] not null check (cardinality(subscribers) > 0),
    status      text not null default 'PENDING' check (status in ('PENDING', 'READY', 'FAILED')),
    failure     text,
    rows        bigint,
    -- The CSV's, and of that the gzip stream's.
    bytes       bigint,
    gzip_bytes  bigint,
    created_at  timestamptz not null default clock_timestamp(),
    ended_at    timestamptz,
    -- When the relay took the first of its mails.
    mailed_at   timestamptz,
    primary key (list_id, report_id),
    check (from_at < until_at),
    check ((status = 'PENDING') = (ended_at is null)),
    check ((status = 'FAILED') = (failure is not null)),
    check ((status = 'READY') = (rows is not null and bytes is not null and gzip_bytes is not null))
);

create index usage_report_newest_first on usage_report (list_id, created_at desc, report_id);
create index usage_report_by_age on usage_report (created_at);

create table usage_report_piece (
    list_id   bigint not null,
    report_id bigint not null,
    number    integer not null,
    bytes     bytea not null,
    primary key (list_id, report_id, number)
);
-- It is compressed already.
alter table usage_report_piece alter column bytes set storage external;

-- What became of the mail to each who asked for a report.
create table report_mail (
    list_id    bigint not null,
    report_id  bigint not null,
    recipient  text not null,
    status     text not null default 'WAITING' check (status in ('WAITING', 'SENT', 'FAILED')),
    -- How the report went. Null until it has, and where there was none: the mail said why.
    sent_as    text check (sent_as in ('ATTACHMENT', 'LINK')),
    -- Why it has not gone, so far or for good.
    reason     text,
    settled_at timestamptz,
    primary key (list_id, report_id, recipient),
    check ((status = 'WAITING') = (settled_at is null)),
    check (sent_as is null or status = 'SENT'),
    check (reason is null or status <> 'SENT'),
    check (reason is not null or status <> 'FAILED')
);

-- Why a report was not begun: its first day ended before the list was made; its last day has not begun.
create type request_report_refusal as enum ('too-early', 'in-future');

-- One action on all of a list's hand-outs that a filter takes: asked for, done by a job, kept for a month.
create table bulk_action (
    list_id        bigint not null,
    bulk_action_id bigint generated always as identity,
    public_id      bytea not null constraint bulk_action_public_id_unique unique check (octet_length(public_id) = 12),
    action         text not null check (action in ('CONFIRM', 'RELEASE', 'DISABLE')),
    -- The filter; what is null does not matter.
    file           bytea check (octet_length(file) = 12),
    user_id        text,
    -- It was on the hand-outs of a person who has been erased since.
    of_erased      boolean not null default false,
    campaign_id    text,
    hand_out       text check (hand_out in ('ALLOCATED', 'HELD', 'RELEASED', 'REDEEMED')),
    from_at        timestamptz,
    -- At latest when it was asked for: what is given back by it and goes out again is not touched again.
    until_at       timestamptz not null,
    status         text not null default 'PENDING' check (status in ('PENDING', 'DONE', 'FAILED')),
    failure        text,
    -- Hand-outs that the filter took, and those of them that were changed.
    matched        bigint not null default 0,
    changed        bigint not null default 0,
    -- The last hand-out that was looked at.
    after_file     bigint,
    after_ordinal  bigint,
    after_turn     integer,
    created_at     timestamptz not null default clock_timestamp(),
    ended_at       timestamptz,
    primary key (list_id, bulk_action_id),
    check ((status = 'PENDING') = (ended_at is null)),
    check ((status = 'FAILED') = (failure is not null)),
    check ((after_file is null) = (after_ordinal is null) and (after_file is null) = (after_turn is null))
);

create index bulk_action_by_age on bulk_action (created_at);
