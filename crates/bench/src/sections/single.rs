//! One code a request: couponry, SKIP LOCKED and Redis, in turn.

use std::time::Duration;

use anyhow::bail;
use tokio::time::sleep;

use super::{ledger, peers, row_per_code};
use crate::{
    bench::Bench,
    figures::{self, Unit, float, median},
    rows::{Row, Target},
    wrk::Load,
};

const CONNECTIONS: [u64; 3] = [1, 64, 256];
const NAMES: [&str; 3] = ["couponry", "skip-locked", "redis"];

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    row_per_code::make_ready(bench).await?;
    let (skip_locked, redis) = (peers::skip_locked(bench).await?, peers::redis(bench).await?);
    let (list, _) = bench.loaded_list().await?;
    let bases = [
        bench.client.base.clone(),
        skip_locked.base.clone(),
        redis.base.clone(),
    ];
    let (mut answered, mut under_way) = (0.0, 0);
    for connections in CONNECTIONS {
        let mut loads: [Vec<Load>; 3] = Default::default();
        let mut inserts = Vec::new();
        for _ in 0..bench.size.rounds {
            for (base, loads) in bases.iter().zip(&mut loads) {
                let prefix = bench.name("u") + "-";
                // Else SKIP LOCKED walks over what it has taken so far, and is slower in each round.
                bench.database.run("vacuum row_per_code").await?;
                let requests = bench.requests_to(base.clone());
                loads.push(
                    requests
                        .single(
                            std::slice::from_ref(&list),
                            connections,
                            bench.size.seconds,
                            &prefix,
                        )
                        .await?,
                );
            }
            if connections == 1 {
                inserts.push(ledger::insert_p50(bench).await?);
            }
            under_way += connections;
        }
        answered += loads
            .first()
            .into_iter()
            .flatten()
            .map(|load| load.requests)
            .sum::<f64>();
        for (name, loads) in NAMES.into_iter().zip(&loads) {
            bench.add(rate(name, connections, loads));
        }
        let ours = loads.first().map(Vec::as_slice).unwrap_or_default();
        if connections == 1 {
            one_connection(bench, ours, &inserts);
        } else {
            many_connections(bench, ours, connections);
        }
    }
    ratios(bench)?;
    // What was under way when the generator stopped is still answered to nobody.
    sleep(Duration::from_secs(1)).await;
    honest(bench, &list, answered, under_way).await
}

fn rate(name: &str, connections: u64, loads: &[Load]) -> Row {
    let rates: Vec<f64> = loads.iter().map(Load::rate).collect();
    let (p50, p99): (Vec<f64>, Vec<f64>) = loads.iter().map(|load| (load.p50_ms(), load.p99_ms())).unzip();
    let key = format!("single.{name}.{connections}");
    let row = Row::new(
        key,
        format!("single codes, {}: {name}", figures::connections(connections)),
        Unit::PerSecond,
        &rates,
    )
    .compared(format!("p50 {:.2} ms, p99 {:.2} ms", median(&p50), median(&p99)));
    if name == "couponry" && connections == 256 {
        return row.target(Target::AtLeast(20_000.0));
    }
    row
}

fn one_connection(bench: &mut Bench, ours: &[Load], inserts: &[f64]) {
    let p50: Vec<f64> = ours.iter().map(Load::p50_ms).collect();
    let insert = median(inserts);
    bench.add(Row::new(
        "single.insert",
        "one autocommitted INSERT by a driver: p50",
        Unit::Milliseconds,
        inserts,
    ));
    bench.add(Row::new(
        "single.p50.1",
        "single codes, 1 connection: p50",
        Unit::Milliseconds,
        &p50,
    ));
    bench.add(
        Row::new(
            "single.p50-over-insert",
            "the same over that INSERT",
            Unit::Times,
            &[median(&p50) / insert],
        )
        .target(Target::AtMost(2.0)),
    );
}

fn many_connections(bench: &mut Bench, ours: &[Load], connections: u64) {
    let p99: Vec<f64> = ours.iter().map(Load::p99_ms).collect();
    let what = format!("single codes, {connections} connections: p99");
    let row = Row::new(
        format!("single.p99.{connections}"),
        what,
        Unit::Milliseconds,
        &p99,
    );
    bench.add(if connections == 256 {
        row.target(Target::AtMost(25.0))
    } else {
        row
    });
}

fn ratios(bench: &mut Bench) -> anyhow::Result<()> {
    let ours = bench.value("single.couponry.256")?;
    let over_skip_locked = ours / bench.value("single.skip-locked.256")?;
    let over_redis = ours / bench.value("single.redis.256")?;
    bench.add(
        Row::new(
            "single.over-skip-locked",
            "256 connections, over SKIP LOCKED",
            Unit::Times,
            &[over_skip_locked],
        )
        .target(Target::AtLeast(8.0))
        .gross(Target::AtLeast(3.0)),
    );
    bench.add(
        Row::new(
            "single.over-redis",
            "256 connections, over Redis",
            Unit::Times,
            &[over_redis],
        )
        .target(Target::AtLeast(1.0)),
    );
    Ok(())
}

/// The ledger has what was answered, no code twice, and at most what was under way besides.
pub(super) async fn honest(
    bench: &mut Bench,
    list: &str,
    answered: f64,
    under_way: u64,
) -> anyhow::Result<()> {
    let (taken, distinct) = bench.database.handed_out(list).await?;
    let more = float(u64::try_from(taken)?) - answered;
    if taken != distinct || !(0.0..=float(under_way)).contains(&more) {
        bail!("{answered} codes were answered, and the ledger has {taken}, {distinct} different ones");
    }
    Ok(())
}
