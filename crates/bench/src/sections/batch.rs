//! Many codes a request, held against what PostgreSQL itself takes in.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};

use super::{ledger, single};
use crate::{
    bench::Bench,
    figures::{self, Unit, float},
    rows::{Row, Target},
};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    for connections in [1, 2, 4] {
        batches(bench, connections).await?;
    }
    let (list, rates) = streams(bench).await?;
    let copy = ledger::copy_rates(bench, &list, bench.size.lines).await?;
    let took: Vec<f64> = rates.iter().map(|rate| float(bench.size.lines) / rate).collect();
    let lines = bench.size.lines;
    bench.add(Row::new(
        "batch.stream",
        format!("NDJSON of {} in one request", figures::count(lines)),
        Unit::CodesPerSecond,
        &rates,
    ));
    bench.add(
        Row::new(
            "batch.stream-time",
            "the same: from the first line to the last answer",
            Unit::Seconds,
            &took,
        )
        .target(Target::AtMost(15.0)),
    );
    bench.add(Row::new(
        "batch.copy",
        "COPY of as many rows into the ledger",
        Unit::RowsPerSecond,
        &copy,
    ));
    let ours = bench.value("batch.4")?;
    let share = ours / bench.value("batch.copy")?;
    bench.add(
        Row::new(
            "batch.share",
            "batches of 1,000 (4 connections), of that COPY",
            Unit::Percent,
            &[share],
        )
        .target(Target::AtLeast(0.5)),
    );
    if let Ok(one_by_one) = bench.value("single.couponry.256") {
        bench.add(
            Row::new(
                "batch.over-single",
                "the same, over single codes",
                Unit::Times,
                &[ours / one_by_one],
            )
            .compared("256 connections")
            .gross(Target::AtLeast(1.3)),
        );
    }
    Ok(())
}

async fn batches(bench: &mut Bench, connections: u64) -> anyhow::Result<()> {
    let (list, _) = bench.loaded_list().await?;
    let (mut rates, mut answered) = (Vec::new(), 0.0);
    for _ in 0..bench.size.rounds {
        let prefix = bench.name("b") + "-";
        let load = bench
            .requests()
            .batches(&list, connections, bench.size.seconds, &prefix)
            .await?;
        rates.push(load.rate() * 1_000.0);
        answered += load.requests * 1_000.0;
    }
    sleep(Duration::from_secs(1)).await;
    let rounds = u64::try_from(bench.size.rounds)?;
    single::honest(bench, &list, answered, connections * rounds * 1_000).await?;
    let what = format!("batches of 1,000, {}", figures::connections(connections));
    let row = Row::new(format!("batch.{connections}"), what, Unit::CodesPerSecond, &rates);
    bench.add(if connections == 4 {
        row.target(Target::AtLeast(80_000.0))
    } else {
        row
    });
    Ok(())
}

/// A list that handed out by NDJSON, and how many codes a second it was, each time.
async fn streams(bench: &mut Bench) -> anyhow::Result<(String, Vec<f64>)> {
    let (list, _) = bench.loaded_list().await?;
    let lines = bench.size.lines;
    let mut rates = Vec::new();
    for _ in 0..bench.size.rounds {
        let prefix = bench.name("n") + "-";
        let started = Instant::now();
        let codes = bench.client.stream(&list, "", &prefix, lines).await?;
        ensure!(codes == lines, "{lines} lines were answered by {codes} codes");
        rates.push(float(lines) / started.elapsed().as_secs_f64());
    }
    Ok((list, rates))
}
