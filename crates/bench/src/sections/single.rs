//! One code a request: couponry, SKIP LOCKED and Redis, in turn.

use super::{ledger, row_per_code};
use crate::{
    peers,
    stand::{Kind, Stand, wrk},
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    row_per_code::make_ready(stand).await?;
    let skip_locked = peers::start_skip_locked(stand).await?;
    let redis = peers::start_redis(stand).await?;
    let lists @ [list] = &[stand.loaded_list().await?.0];
    let (ours, seconds) = (stand.server.address, stand.size.seconds);
    let (mut answered, mut under_way) = (0.0, 0);
    for connections in [1, 64, 256] {
        for _ in 0..stand.size.rounds {
            for (name, address) in [
                ("couponry", ours),
                ("skip-locked", skip_locked.address),
                ("redis", redis.address),
            ] {
                // Else SKIP LOCKED walks over what it has taken so far, and is slower in each round.
                stand.database.run("vacuum row_per_code").await?;
                let load = wrk::run(Kind::Single, address, lists, connections, seconds).await?;
                let notes = [load.p50, load.p99].map(|time| format!("{time:.2}"));
                stand.add(&format!("single.{name}.{connections}"), load.rate, &notes)?;
                if address == ours {
                    answered += load.requests;
                    under_way += connections;
                    match connections {
                        1 => stand.add("single.p50.1", load.p50, &[])?,
                        _ => stand.add(&format!("single.p99.{connections}"), load.p99, &[])?,
                    }
                }
            }
            if connections == 1 {
                let insert = ledger::insert_p50(stand).await?;
                stand.add("single.insert", insert, &[])?;
            }
        }
    }
    skip_locked.server.stop(false).await;
    redis.server.stop(false).await;
    ledger::check(stand, list, answered, under_way).await
}
