//! Many codes a request, held against what PostgreSQL itself takes in.

use std::time::Duration;

use tokio::time::sleep;

use super::ledger;
use crate::{
    figures::{count, float},
    stand::{
        Stand,
        wrk::{self, Kind},
    },
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    for connections in [1, 2, 4] {
        let rates = batches(stand, connections).await?;
        stand.add(&format!("batch.{connections}"), &rates, &[])?;
    }
    let (list, _) = stand.loaded_list().await?;
    let lines = stand.size.lines;
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    for _ in 0..stand.size.rounds {
        let took = stand.stream(&list, "", lines).await?;
        rates.push(float(lines) / took);
        times.push(took);
    }
    stand.add("batch.stream", &rates, &[count(lines)])?;
    stand.add("batch.stream-time", &times, &[])?;
    let copies = ledger::copy_rates(stand, &list, lines).await?;
    stand.add("batch.copy", &copies, &[])
}

/// Codes a second, each time.
async fn batches(stand: &mut Stand, connections: u64) -> anyhow::Result<Vec<f64>> {
    let lists @ [list] = &[stand.loaded_list().await?.0];
    let (address, seconds) = (stand.server.address, stand.size.seconds);
    let (mut rates, mut answered) = (Vec::new(), 0.0);
    for _ in 0..stand.size.rounds {
        let load = wrk::run(Kind::Batch, address, lists, connections, seconds).await?;
        rates.push(load.rate * 1_000.0);
        answered += load.requests * 1_000.0;
    }
    sleep(Duration::from_secs(1)).await;
    let under_way = connections * stand.size.rounds * 1_000;
    ledger::check(stand, list, answered, under_way).await?;
    Ok(rates)
}
