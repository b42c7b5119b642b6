//! Many codes a request, held against what PostgreSQL itself takes in.

use super::ledger;
use crate::{
    figures::{count, float},
    stand::{Kind, Stand, wrk},
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    for connections in [1, 2, 4] {
        batches(stand, connections).await?;
    }
    let (list, _) = stand.loaded_list().await?;
    let lines = stand.size.lines;
    for _ in 0..stand.size.rounds {
        let took = stand.stream(&list, "", lines).await?;
        stand.add("batch.stream", float(lines) / took, &[count(lines)])?;
        stand.add("batch.stream-time", took, &[])?;
    }
    ledger::copy(stand, &list, lines).await
}

async fn batches(stand: &mut Stand, connections: u64) -> anyhow::Result<()> {
    let lists @ [list] = &[stand.loaded_list().await?.0];
    let (address, seconds) = (stand.server.address, stand.size.seconds);
    let (mut answered, mut under_way) = (0.0, 0);
    for _ in 0..stand.size.rounds {
        let load = wrk::run(Kind::Batch, address, lists, connections, seconds).await?;
        stand.add(&format!("batch.{connections}"), load.rate * 1e3, &[])?;
        answered += load.requests * 1e3;
        under_way += connections * 1_000;
    }
    ledger::check(stand, list, answered, under_way).await
}
