//! A usage report, held against PostgreSQL's `COPY` of the same rows.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    bench::Bench,
    client::text,
    figures::{Unit, count, float},
    rows::{Row, Target},
};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let (list, _) = bench.loaded_list().await?;
    let rows = bench.size.lines;
    let prefix = bench.name("r") + "-";
    let query = "?campaign_id=c-1&campaign_name=Spring";
    ensure!(
        bench.client.stream(&list, query, &prefix, rows).await? == rows,
        "not every line got a code"
    );
    let before = bench.server.forget_peak()?;
    let (mut reports, mut copies) = (Vec::new(), Vec::new());
    let id = bench.database.list_id(&list).await?;
    let copy = format!(
        "copy (select c.channel, c.id, c.name, l.campaign_sent_at, c.delivery_type, l.user_id, l.code, f.published_at \
         from ledger l join coupon_file f using (list_id, file_id) left join campaign c using (list_id, campaign_key) \
         where l.list_id = {id} order by l.list_id, l.file_id, l.ordinal, l.turn) to stdout"
    );
    for _ in 0..bench.size.rounds {
        reports.push(float(rows) / build(bench, &list).await?);
        copies.push(float(rows) / bench.database.copy_away(&copy).await?.as_secs_f64());
    }
    let grown = bench.server.peak()? - before;
    bench.add(Row::new(
        "report.rate",
        format!("usage report of {} hand-outs", count(rows)),
        Unit::RowsPerSecond,
        &reports,
    ));
    bench.add(Row::new(
        "report.copy",
        "COPY (query) TO STDOUT of the same rows",
        Unit::RowsPerSecond,
        &copies,
    ));
    let share = bench.value("report.rate")? / bench.value("report.copy")?;
    bench.add(
        Row::new(
            "report.share",
            "usage report, of that COPY",
            Unit::Percent,
            &[share],
        )
        .target(Target::AtLeast(0.5))
        .gross(Target::AtLeast(0.15)),
    );
    bench.add(
        Row::new(
            "report.memory",
            "memory growth while it is built",
            Unit::Megabytes,
            &[grown],
        )
        .compared(format!("{before:.0} MB before"))
        .target(Target::AtMost(50.0)),
    );
    Ok(())
}

/// From the request until it can be downloaded.
async fn build(bench: &mut Bench, list: &str) -> anyhow::Result<f64> {
    let today = bench.database.text("select current_date::text").await?;
    let path = format!("{list}/usage-report");
    let body = json!({"start_date": today, "end_date": today, "email_subscribers": ["bench@example.com"]});
    let started = Instant::now();
    bench.client.call(Method::POST, &path, Some(body)).await?;
    let reports = bench.client.get(&path).await?;
    let newest = reports.pointer("/data/0").context("there is no report")?;
    let report = bench
        .client
        .until_done(&format!("/v1/usage-report/{}", text(newest, "_id")?), "PENDING")
        .await?;
    ensure!(
        report.get("rows") == Some(&json!(bench.size.lines)),
        "the report came to {report}"
    );
    Ok(started.elapsed().as_secs_f64())
}
