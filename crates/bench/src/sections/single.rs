//! One code a request: couponry, SKIP LOCKED and Redis, in turn.

use std::time::Duration;

use tokio::time::sleep;

use super::{ledger, row_per_code};
use crate::{
    figures::median,
    peers,
    stand::{
        Stand,
        wrk::{self, Kind, Load},
    },
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    row_per_code::make_ready(stand).await?;
    let skip_locked = peers::start_skip_locked(stand).await?;
    let redis = peers::start_redis(stand).await?;
    let lists @ [list] = &[stand.loaded_list().await?.0];
    let seconds = stand.size.seconds;
    let servers = [
        ("couponry", stand.server.address),
        ("skip-locked", skip_locked.address),
        ("redis", redis.address),
    ];
    let (mut answered, mut under_way) = (0.0, 0);
    for connections in [1, 64, 256] {
        let mut loads: [Vec<Load>; 3] = Default::default();
        let mut inserts = Vec::new();
        for _ in 0..stand.size.rounds {
            for ((_, address), loads) in servers.iter().zip(&mut loads) {
                // Else SKIP LOCKED walks over what it has taken so far, and is slower in each round.
                stand.database.run("vacuum row_per_code").await?;
                let load = wrk::run(Kind::Single, *address, lists, connections, seconds);
                loads.push(load.await?);
            }
            if connections == 1 {
                inserts.push(ledger::insert_p50(stand).await?);
            }
            under_way += connections;
        }
        for ((name, _), loads) in servers.iter().zip(&loads) {
            let rates: Vec<f64> = loads.iter().map(|load| load.rate).collect();
            let notes = [p50s(loads), p99s(loads)].map(|times| format!("{:.2}", median(&times)));
            stand.add(&format!("single.{name}.{connections}"), &rates, &notes)?;
        }
        let [ours, ..] = loads;
        answered += ours.iter().map(|load| load.requests).sum::<f64>();
        if connections == 1 {
            stand.add("single.insert", &inserts, &[])?;
            stand.add("single.p50.1", &p50s(&ours), &[])?;
        } else {
            stand.add(&format!("single.p99.{connections}"), &p99s(&ours), &[])?;
        }
    }
    skip_locked.stop().await;
    redis.stop().await;
    // What was under way when the generator stopped is still answered to nobody.
    sleep(Duration::from_secs(1)).await;
    ledger::check(stand, list, answered, under_way).await
}

fn p50s(loads: &[Load]) -> Vec<f64> {
    loads.iter().map(|load| load.p50).collect()
}

fn p99s(loads: &[Load]) -> Vec<f64> {
    loads.iter().map(|load| load.p99).collect()
}
