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
