//! Rings when a job was enqueued. Without it jobs are found too, by looking from time to time.

use std::time::Duration;

use secrecy::SecretString;
use tokio::{sync::watch, time::sleep};

const PAUSE: Duration = Duration::from_secs(1);

/// Until it is dropped. A database that is away, or a pooler that does not pass notifications on, is no reason to
/// stop.
pub(super) async fn listen(url: SecretString, ring: watch::Sender<()>) {
    loop {
        let ring = ring.clone();
        if let Err(error) = storage::hear_of_jobs(&url, move || {
            ring.send_replace(());
        })
        .await
        {
            tracing::debug!(%error, "no word of new jobs from the database");
        }
        sleep(PAUSE).await;
    }
}
