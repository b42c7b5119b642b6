//! The ledger: PostgreSQL's own limits for its rows, without couponry, and whether it has what was answered.

use anyhow::ensure;
use sqlx::{Connection as _, PgConnection, query, query_scalar};
use tokio::time::{Duration, Instant};

use crate::{
    figures::{float, median},
    stand::Stand,
};

const SHAPED: &str = "create table if not exists ledger_shaped (like ledger including all);
create unique index if not exists ledger_shaped_key on ledger_shaped (request_key);
truncate ledger_shaped";
const INSERT: &str = "
insert into ledger_shaped (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
values (1, 1, $1, 0, '23456789ABCD', gen_random_uuid(), $2, clock_timestamp())";
/// The columns that are copied as they are.
const OTHERS: &str =
    "file_id, ordinal, turn, code, user_id, request_id, campaign_key, allocated_at, campaign_sent_at";

/// Each row of its own, autocommitted, by a driver; milliseconds.
pub(super) async fn insert_p50(stand: &mut Stand) -> anyhow::Result<f64> {
    stand.database.run(SHAPED).await?;
    let mut connection = PgConnection::connect(&stand.database.url).await?;
    let end = Instant::now() + Duration::from_secs(stand.size.seconds);
    let mut took = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        let insert = query(INSERT).bind(i64::try_from(took.len())?);
        let insert = insert.bind(format!("u-{}", took.len()));
        insert.execute(&mut connection).await?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    connection.close().await?;
    Ok(median(&took))
}

/// So many rows of a list's hand-outs by binary `COPY` into the same table, as another list's, with new keys; rows a
/// second, each time.
pub(super) async fn copy_rates(stand: &mut Stand, list: &str, rows: u64) -> anyhow::Result<Vec<f64>> {
    let file = stand.path("ledger.copy");
    let database = &mut stand.database;
    let list = database.list_id(list).await?;
    let import = format!("copy ledger (list_id, request_key, {OTHERS}) from stdin with (format binary)");
    let mut rates = Vec::new();
    for round in 1..=stand.size.rounds {
        let beside = query_scalar(include_str!("queries/list_beside.sql")).bind(list);
        let beside = beside.bind(i64::try_from(round)?);
        let beside: i64 = beside.fetch_one(&mut database.connection).await?;
        let export = format!(
            "copy (select {beside}::bigint, gen_random_uuid(), {OTHERS} from ledger where list_id = {list} \
             order by file_id, ordinal limit {rows}) to stdout with (format binary)"
        );
        database.copy_out(&export, &file).await?;
        database.run("checkpoint").await?;
        rates.push(float(rows) / database.copy_in(&import, &file).await?);
        let delete = format!("delete from ledger where list_id = {beside}");
        database.run(delete).await?;
    }
    Ok(rates)
}

/// It has what was answered, no code twice, and at most what was under way besides.
pub(super) async fn check(stand: &mut Stand, list: &str, answered: f64, most: u64) -> anyhow::Result<()> {
    let list = stand.database.list_id(list).await?;
    let count = |what| format!("select count({what}) from ledger where list_id = {list}");
    let taken: i64 = stand.database.get(count("*")).await?;
    let distinct: i64 = stand.database.get(count("distinct code")).await?;
    let more = float(u64::try_from(taken)?) - answered;
    ensure!(
        taken == distinct && (0.0..=float(most)).contains(&more),
        "{answered} codes were answered, and the ledger has {taken}, {distinct} different ones"
    );
    Ok(())
}
