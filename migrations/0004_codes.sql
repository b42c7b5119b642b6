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

-- One row an allocation, append-only, and never updated but to erase a person; its last entry says where each file stands.
create table ledger (
    list_id          bigint not null,
    file_id          bigint not null,
    ordinal          bigint not null,
    -- 0 for the first allocation of a code; one more each time it has been given back.
    turn             integer not null,
    code             text not null,
    request_key      uuid not null,
    -- Null once the person has been erased.
    user_id          text,
    request_id       text,
    campaign_key     uuid,
    -- What the message's sender said of its time: a row of `campaign` for each would say all the rest again.
    campaign_sent_at timestamptz,
    allocated_at     timestamptz not null,
    primary key (list_id, file_id, ordinal, turn)
) partition by hash (list_id);

-- What happened to an allocation afterwards; each kind at most once.
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
        -- The key contains the list; the list is told all the same, since it says where the row is (Citus).
        execute format('create unique index ledger_%s_request_key on ledger_%s (request_key, list_id)', n, n);
        -- A person's other keys begin with the person's hash, so that the index above finds them. Eight bytes of hash
        -- instead of the id: a third of the size, and the id is compared when the row is read.
        execute format('create index ledger_%s_user_with_request on ledger_%s (list_id, hashtextextended(user_id, 0))
                        where request_id is not null', n, n);
        -- Allocations of a campaign come one after the other, so this grows at one place.
        execute format('create index ledger_%s_campaign on ledger_%s (list_id, campaign_key, file_id, ordinal, turn)
                        where campaign_key is not null', n, n);

        -- What was handed out again lies among what was handed out before: by time it is found here.
        execute format('create index ledger_%s_again on ledger_%s (list_id, file_id, ordinal, turn) where turn > 0', n, n);

        execute format('create table event_%s partition of event for values with (modulus 16, remainder %s)', n, n);
    end loop;
end $$;

-- Codes given back: handed out again before any fresh one, unless their file is sealed or quarantined.
create table returned (
    list_id bigint not null,
    file_id bigint not null,
    ordinal bigint not null,
    -- The turn that was given back; the next allocation gets one more.
    turn    integer not null,
    code    text not null,
    -- Given under the gate, so the numbers of a list rise as its changes commit.
    place   bigint generated always as identity,
    primary key (list_id, file_id, ordinal, turn)
);

-- Of `file_id + 0`, and asked for so: a plan made while the table is empty takes any index that begins with the right
-- columns, and one that does not end with the right ones walks over all rows of the file. So each question has one index
-- that can answer it.
create index returned_in_order on returned ((file_id + 0), place);

-- Up to which place a file's returned codes have gone out again: the highest row of a file says so. Those below are
-- removed as they are replaced, so the highest is always found first.
create table returned_cursor (
    list_id bigint not null,
    file_id bigint not null,
    place   bigint not null,
    primary key (list_id, file_id, place)
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

-- The ordinals of a file that were disabled before anyone had them, as ranges: two never touch.
create table disabled_run (
    list_id bigint not null,
    file_id bigint not null,
    first   bigint not null,
    last    bigint not null check (last >= first),
    primary key (list_id, file_id, first)
);

-- Allocations that end by themselves unless confirmed.
create table hold (
    list_id    bigint not null,
    file_id    bigint not null,
    ordinal    bigint not null,
    turn       integer not null,
    held_until timestamptz not null,
    primary key (list_id, file_id, ordinal, turn)
);

-- File by file: holds of a file that is quarantined are not in the way of the others. `file_id + 0` as above.
create index hold_of_file_by_end on hold ((file_id + 0), held_until);
-- Of all lists, for whoever looks for those to sweep; written so that no question about one file is answered by it.
create index hold_by_end on hold ((held_until at time zone 'UTC'));

-- A campaign as a sender described it; a row for each description, never updated.
create table campaign (
    list_id       bigint not null,
    campaign_key  uuid not null,
    id            text not null,
    name          text,
    channel       text,
    delivery_type text,
    locale        text,
    variation     text,
    primary key (list_id, campaign_key)
);

create index campaign_by_id on campaign (list_id, id);

-- Answers of a hand-out that comes line by line, whose sender has not read them yet: in pieces, compressed, each until it
-- is read. A crash of the server takes the connection that waits for them, so they need no log.
create unlogged table answer_piece (
    list_id  bigint not null,
    spool_id uuid not null,
    number   integer not null,
    bytes    bytea not null,
    kept_at  timestamptz not null default clock_timestamp(),
    primary key (list_id, spool_id, number)
);
alter table answer_piece alter column bytes set storage external;

-- What a code is now. One that went with its list or file before anyone had it is nothing.
create type code_status as enum ('AVAILABLE', 'HELD', 'ALLOCATED', 'REDEEMED', 'DISABLED', 'QUARANTINED');

-- How a list stood when a call for codes came to it.
create type allocate_state as enum ('active', 'inactive', 'busy', 'known');

create type confirm_outcome as enum ('confirmed', 'released', 'unknown');

create type release_outcome as enum ('released', 'redeemed', 'disabled', 'unknown');

create type redeem_outcome as enum ('redeemed', 'already', 'not-redeemable');

create type disable_outcome as enum ('disabled', 'redeemed', 'absent');
