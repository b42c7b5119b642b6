//! Rings when a job was enqueued. Without it jobs are found too, by looking from time to time.

use std::time::Duration;

use secrecy::SecretString;
use storage::JobNews;
use tokio::{sync::watch, time::sleep};

const PAUSE: Duration = Duration::from_secs(5);

/// Until it is dropped. A database that is away, or a pooler that does not pass notifications on, is no reason to
/// stop.
pub(super) async fn listen(url: SecretString, ring: watch::Sender<()>) {
    loop {
        if let Err(error) = hear(&url, &ring).await {
            tracing::debug!(%error, "no word of new jobs from the database");
        }
        sleep(PAUSE).await;
    }
}

async fn hear(url: &SecretString, ring: &watch::Sender<()>) -> storage::Result<()> {
    let mut news = JobNews::listen(url).await?;
    loop {
        // Once before the first: a job may have come while nobody listened.
        ring.send_replace(());
        news.next().await?;
    }
}
