-- Who changed what: one row for each changing call that succeeded, but for hand-outs: of those the ledger is the record. No
-- codes, no people: an id of a list, a file, a token at most.
create table audit_entry (
    audit_id      bigint generated always as identity primary key,
    workspace_id  bigint not null,
    at            timestamptz not null default clock_timestamp(),
    -- Whose doing it was: a key's, a person's, or, without either, the command line's.
    api_key_id    bigint,
    person_id     bigint,
    action        text not null,
    list_id       bytea,
    object_id     text
);

create index audit_entry_of_workspace on audit_entry (workspace_id, audit_id desc);
