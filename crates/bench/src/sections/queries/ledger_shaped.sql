-- An empty table like the ledger.
create table if not exists ledger_shaped (like ledger including all);
create unique index if not exists ledger_shaped_key on ledger_shaped (request_key);
truncate ledger_shaped
