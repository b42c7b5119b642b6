//! The ledger: PostgreSQL's own limits for its rows, without couponry, and whether it has what was answered.

use anyhow::ensure;
use sqlx::{Connection as _, PgConnection, query, query_scalar};
use tokio::{
    fs::File,
    io::BufWriter,
    time::{Duration, Instant, sleep},
};

use crate::{
    figures::{float, median},
    stand::Stand,
};

/// The columns that are copied as they are.
const OTHERS: &str =
    "file_id, ordinal, turn, code, user_id, request_id, campaign_key, allocated_at, campaign_sent_at";

/// Each row of its own, autocommitted, by a driver; milliseconds.
pub(super) async fn insert_p50(stand: &mut Stand) -> anyhow::Result<f64> {
    stand
        .database
        .run(include_str!("queries/ledger_shaped.sql"))
        .await?;
    let mut connection = PgConnection::connect(&stand.database.url).await?;
    let end = Instant::now() + Duration::from_secs(stand.size.seconds);
    let mut took = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        let insert = query(include_str!("queries/insert.sql")).bind(i64::try_from(took.len())?);
        let insert = insert.bind(format!("u-{}", took.len()));
        insert.execute(&mut connection).await?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    connection.close().await?;
    Ok(median(&took))
}

/// So many rows of a list's hand-outs by binary `COPY` into the same table, as another list's, with new keys.
pub(super) async fn copy(stand: &mut Stand, list: &str, rows: u64) -> anyhow::Result<()> {
    let file = stand.path("ledger.copy");
    let list = stand.database.list_id(list).await?;
    let import = format!("copy ledger (list_id, request_key, {OTHERS}) from stdin with (format binary)");
    for round in 1..=stand.size.rounds {
        let database = &mut stand.database;
        let beside = query_scalar(include_str!("queries/list_beside.sql")).bind(list);
        let beside = beside.bind(i64::try_from(round)?);
        let beside: i64 = beside.fetch_one(&mut database.connection).await?;
        let export = format!(
            "copy (select {beside}::bigint, gen_random_uuid(), {OTHERS} from ledger where list_id = {list} \
             order by file_id, ordinal limit {rows}) to stdout with (format binary)"
        );
        let to = BufWriter::with_capacity(1 << 20, File::create(&file).await?);
        database.copy_out(&export, to).await?;
        database.run("checkpoint").await?;
        let rate = float(rows) / database.copy_in(&import, &file).await?;
        database
            .run(format!("delete from ledger where list_id = {beside}"))
            .await?;
        stand.add("batch.copy", rate, &[])?;
    }
    Ok(())
}

/// It has what was answered, no code twice, and at most what was under way besides.
pub(super) async fn check(stand: &mut Stand, list: &str, answered: f64, most: u64) -> anyhow::Result<()> {
    // What was under way when the generator stopped is still answered to nobody.
    sleep(Duration::from_secs(1)).await;
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
