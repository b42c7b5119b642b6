-- Where the codes are: blocks before they are handed out, the ledger afterwards.

-- Some hundreds of codes a row, separated by line feeds, in the order of their fingerprints. No foreign keys here or on
-- the ledger: a check a row is paid a hundred million times.
create table block (
    list_id           bigint not null,
    file_id           bigint not null,
    number            integer not null,
    first_fingerprint bigint not null,
    codes             text not null,
    primary key (list_id, file_id, number)
) partition by hash (list_id);

create index block_by_fingerprint on block (list_id, file_id, first_fingerprint, number);

-- One row a hand-out, append-only and never updated; its last entry says where each file stands.
create table ledger (
    list_id      bigint not null,
    file_id      bigint not null,
    ordinal      bigint not null,
    -- 0 for the first hand-out of a code; one more each time it has been given back.
    turn         integer not null,
    code         text not null,
    request_key  uuid not null,
    -- Null once the person has been erased.
    user_id      text,
    request_id   text,
    campaign_key uuid,
    allocated_at timestamptz not null,
    primary key (list_id, file_id, ordinal, turn)
) partition by hash (list_id);

-- What happened to a hand-out afterwards; each kind at most once.
create table event (
    list_id bigint not null,
    file_id bigint not null,
    ordinal bigint not null,
    turn    integer not null,
    kind    text not null check (kind in ('CONFIRMED', 'RELEASED', 'REDEEMED', 'DISABLED')),
    at      timestamptz not null,
    detail  jsonb,
    primary key (list_id, file_id, ordinal, turn, kind)
) partition by hash (list_id);

do $$
begin
    for n in 0..15 loop
        execute format('create table block_%s partition of block for values with (modulus 16, remainder %s)', n, n);
        -- Up to 8160 bytes a row stay in the page, uncompressed: a block is read in one go and cut by plain SQL.
        -- A partitioned parent takes no storage parameters, so each partition gets them.
        execute format('alter table block_%s set (toast_tuple_target = 8160)', n);
        execute format('alter table block_%s alter column codes set storage external', n);

        execute format('create table ledger_%s partition of ledger for values with (modulus 16, remainder %s)', n, n);
        -- On the key alone, which contains the list: the planner then knows that a key meets one row.
        execute format('create unique index ledger_%s_request_key on ledger_%s (request_key)', n, n);

        execute format('create table event_%s partition of event for values with (modulus 16, remainder %s)', n, n);
    end loop;
end $$;

-- Codes given back: handed out again before any fresh one, unless their file is sealed or quarantined.
create table returned (
    list_id bigint not null,
    file_id bigint not null,
    ordinal bigint not null,
    -- The turn that was given back; the next hand-out gets one more.
    turn    integer not null,
    code    text not null,
    primary key (list_id, file_id, ordinal)
);

-- Codes that are never to be handed out (again) and are not handed out now.
create table disabled (
    list_id bigint not null,
    file_id bigint not null,
    ordinal bigint not null,
    code    text not null,
    at      timestamptz not null,
    primary key (list_id, file_id, ordinal)
);

-- Hand-outs that end by themselves unless confirmed.
create table hold (
    list_id    bigint not null,
    file_id    bigint not null,
    ordinal    bigint not null,
    turn       integer not null,
    held_until timestamptz not null,
    primary key (list_id, file_id, ordinal, turn)
);

create index hold_of_list_by_end on hold (list_id, held_until);
create index hold_by_end on hold (held_until);

-- A campaign as a sender described it; a row for each description, never updated.
create table campaign (
    list_id       bigint not null,
    campaign_key  uuid not null,
    id            text not null,
    name          text,
    channel       text,
    delivery_type text,
    sent_at       timestamptz,
    locale        text,
    variation     text,
    primary key (list_id, campaign_key)
);
