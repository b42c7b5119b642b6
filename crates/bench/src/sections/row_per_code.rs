//! What a user would otherwise do: a table with a row a code.

use crate::stand::Stand;

const COLUMNS: &str = "id bigint generated always as identity, list_id bigint not null default 1, code text not null, \
                       user_id text, taken_at timestamptz";

/// `COPY` of the file into a table without any index; how many seconds it took.
pub(super) async fn load_plain(stand: &mut Stand) -> anyhow::Result<f64> {
    load(stand, "row_per_code_plain", "").await
}

/// The same into one that keeps codes unique.
pub(super) async fn load_indexed(stand: &mut Stand) -> anyhow::Result<f64> {
    let index = "create unique index on row_per_code (list_id, code);";
    load(stand, "row_per_code", index).await
}

async fn load(stand: &mut Stand, table: &str, index: &str) -> anyhow::Result<f64> {
    let make = format!("drop table if exists {table}; create table {table} ({COLUMNS}); {index} checkpoint;");
    stand.database.run(make).await?;
    let copy = format!("copy {table} (code) from stdin with (format csv, header)");
    let file = stand.file();
    stand.database.copy_in(&copy, &file).await
}

/// All that makes taking a row fast: keys, an index of what is free, statistics, no dead rows. The index is on the list
/// alone: equal keys are packed, so there is less to walk over when many have been taken.
pub(super) async fn make_ready(stand: &mut Stand) -> anyhow::Result<()> {
    let is_there = "select to_regclass('row_per_code') is not null";
    if !stand.database.get::<bool>(is_there).await? {
        load_indexed(stand).await?;
    }
    let sql = "alter table row_per_code add primary key (id); \
               create index row_per_code_free on row_per_code (list_id) where user_id is null;";
    stand.database.run(sql).await?;
    stand.database.run("vacuum analyze row_per_code").await
}
