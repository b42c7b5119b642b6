//! From the start of the process until `/readyz` says 200, with a database that is there already.

use std::{path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use crate::stand::{Stand, server::Server};

const TIMES: usize = 5;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let took = starts(&stand.program, &stand.path("data"), Some(&stand.database.url)).await?;
    stand.add("start.database", &took, &[])?;
    // A second data directory, so that the server under measurement need not stop.
    let data = stand.path("other");
    drop(Server::start(&stand.program, &data, None).await?);
    let took = starts(&stand.program, &data, None).await?;
    stand.add("start.private", &took, &[])
}

async fn starts(program: &Path, data: &Path, database: Option<&str>) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        let server = Server::start(program, data, database).await?;
        let client = server.client()?;
        while client.get("/readyz").await.is_err() {
            sleep(Duration::from_millis(2)).await;
        }
        took.push(started.elapsed().as_secs_f64());
    }
    Ok(took)
}
