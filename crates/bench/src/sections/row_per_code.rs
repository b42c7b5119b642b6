//! What a user would otherwise do: a table with a row a code.

use crate::stand::{FILE, Stand};

const TABLE: &str = "drop table if exists row_per_code; create table row_per_code (
    id bigint generated always as identity, list_id bigint not null default 1, code text not null, user_id text,
    taken_at timestamptz);";
/// Keeps codes unique.
pub(super) const UNIQUE: &str = "create unique index on row_per_code (list_id, code);";
/// All that makes taking a row fast: keys, an index of what is free. That one is on the list alone: equal keys are
/// packed, so there is less to walk over when many have been taken.
const READY: &str = "alter table row_per_code add primary key (id);
    create index row_per_code_free on row_per_code (list_id) where user_id is null;";

/// `COPY` of the file into a new table with this index, or none; how many seconds it took.
pub(super) async fn load(stand: &mut Stand, index: &str) -> anyhow::Result<f64> {
    stand.database.run([TABLE, index, "checkpoint"].concat()).await?;
    let file = stand.path(FILE);
    let copy = "copy row_per_code (code) from stdin with (format csv, header)";
    stand.database.copy_in(copy, &file).await
}

/// With statistics, and without dead rows.
pub(super) async fn make_ready(stand: &mut Stand) -> anyhow::Result<()> {
    let is_there = "select to_regclass('row_per_code') is not null";
    if !stand.database.get::<bool>(is_there).await? {
        load(stand, UNIQUE).await?;
    }
    stand.database.run(READY).await?;
    stand.database.run("vacuum analyze row_per_code").await
}
