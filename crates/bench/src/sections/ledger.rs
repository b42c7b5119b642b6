//! PostgreSQL's own limits for the ledger's rows, without couponry.

use sqlx::Connection as _;
use tokio::time::{Duration, Instant};

use crate::{
    bench::Bench,
    figures::{float, percentile},
};

/// The columns that are copied as they are.
const OTHERS: &str =
    "file_id, ordinal, turn, code, user_id, request_id, campaign_key, allocated_at, campaign_sent_at";

/// Each row of its own, autocommitted, by a driver; milliseconds.
pub(super) async fn insert_p50(bench: &mut Bench) -> anyhow::Result<f64> {
    bench
        .database
        .run(
            "create table if not exists ledger_shaped (like ledger including all); \
             create unique index if not exists ledger_shaped_key on ledger_shaped (request_key); \
             truncate ledger_shaped",
        )
        .await?;
    let mut connection = sqlx::PgConnection::connect(&bench.database.url).await?;
    let end = Instant::now() + Duration::from_secs(bench.size.seconds);
    let mut took = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        sqlx::query(
            "insert into ledger_shaped (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
             values (1, 1, $1, 0, '23456789ABCD', gen_random_uuid(), $2, clock_timestamp())",
        )
        .bind(i64::try_from(took.len())?)
        .bind(format!("u-{}", took.len()))
        .execute(&mut connection)
        .await?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    connection.close().await?;
    Ok(percentile(&took, 50))
}

/// So many rows of a list's hand-outs by binary `COPY` into the same table, as another list's; rows a second, each time.
pub(super) async fn copy_rates(bench: &mut Bench, list: &str, rows: u64) -> anyhow::Result<Vec<f64>> {
    let list = bench.database.list_id(list).await?;
    let file = bench.scratch.path("ledger.copy");
    let import = format!("copy ledger (list_id, request_key, {OTHERS}) from stdin with (format binary)");
    let mut rates = Vec::new();
    for round in 1..=bench.size.rounds {
        // Nobody's lists, with new keys; the same partition, so that the table is as big.
        let nobodys = bench
            .database
            .number(format!(
                "select n from generate_series(-{round}0000::bigint, -1) n
                 where satisfies_hash_partition('ledger'::regclass, 16, (
                     select p from generate_series(0, 15) p where satisfies_hash_partition('ledger'::regclass, 16, p, {list}::bigint)
                 ), n) limit 1"
            ))
            .await?;
        let export = format!(
            "copy (select {nobodys}::bigint, gen_random_uuid(), {OTHERS} from ledger where list_id = {list} \
             order by file_id, ordinal limit {rows}) to stdout with (format binary)"
        );
        bench.database.copy_out(&export, &file).await?;
        bench.database.run("checkpoint").await?;
        let took = bench.database.copy_in(&import, &file).await?;
        rates.push(float(rows) / took.as_secs_f64());
        bench
            .database
            .run(format!("delete from ledger where list_id = {nobodys}"))
            .await?;
    }
    Ok(rates)
}
