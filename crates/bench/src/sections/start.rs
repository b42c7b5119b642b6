//! From the start of the process until `/readyz` says 200, with a database that is there already.

use std::path::Path;

use tokio::time::{Duration, Instant, sleep};

use crate::stand::{Stand, server::Server};

const TIMES: usize = 5;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    // A second data directory, so that the server under measurement need not stop.
    let (data, other) = (stand.path("data"), stand.path("other"));
    drop(Server::start(&stand.program, &other, None).await?);
    for _ in 0..TIMES {
        let took = start(&stand.program, &data, Some(&stand.database.url)).await?;
        stand.add("start.database", took, &[])?;
        let took = start(&stand.program, &other, None).await?;
        stand.add("start.private", took, &[])?;
    }
    Ok(())
}

async fn start(program: &Path, data: &Path, database: Option<&str>) -> anyhow::Result<f64> {
    let started = Instant::now();
    let server = Server::start(program, data, database).await?;
    let client = server.client()?;
    while client.get("/readyz").await.is_err() {
        sleep(Duration::from_millis(2)).await;
    }
    Ok(started.elapsed().as_secs_f64())
}
