//! What has to be done now and then, by any process, as often as it likes.

use std::time::Duration;

use storage::Storage;
use tokio::time::{Instant, MissedTickBehavior, interval};

const HOUR: Duration = Duration::from_hours(1);

/// Until it is dropped.
pub(super) async fn keep(storage: Storage, lease: Duration, zone: String) {
    let pause = (lease / 3).clamp(Duration::from_millis(200), Duration::from_secs(5));
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forgotten: Option<Instant> = None;
    loop {
        ticks.tick().await;
        match storage.rescue_jobs().await {
            Ok(0) => {}
            Ok(rescued) => tracing::warn!(rescued, "jobs of silent workers were given back"),
            Err(error) => tracing::debug!(%error, "silent workers could not be looked for"),
        }
        match storage.expire_due_lists().await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "lists expired"),
            Err(error) => tracing::debug!(%error, "due lists could not be looked for"),
        }
        if let Err(error) = storage.sweep_holds().await {
            tracing::debug!(%error, "holds that ran out could not be looked for");
        }
        if let Err(error) = watch(&storage, pause, &zone).await {
            tracing::debug!(%error, "lists could not be watched");
        }
        if forgotten.is_none_or(|last| last.elapsed() > HOUR) {
            match tidy_up(&storage).await {
                Ok(()) => forgotten = Some(Instant::now()),
                Err(error) => tracing::debug!(%error, "what has ended could not be removed"),
            }
        }
    }
}

/// For all processes: one of them looks, the others have looked.
async fn watch(storage: &Storage, pause: Duration, zone: &str) -> storage::Result<()> {
    // A little shorter than the pause, or the process whose turn it was would find itself a moment early.
    if storage.take_turn("watch lists", pause * 9 / 10).await? {
        storage.watch_stocks().await?;
        match storage.remind_of_expiries(zone).await? {
            0 => {}
            lists => tracing::info!(lists, "expiries are near: reminders enqueued"),
        }
    }
    Ok(())
}

async fn tidy_up(storage: &Storage) -> storage::Result<()> {
    storage.forget_old_jobs().await?;
    storage.forget_old_reports().await?;
    storage.forget_old_idempotency_keys().await?;
    storage.forget_orphaned_uploads().await?;
    storage.forget_orphaned_answers().await?;
    storage.remove_orphaned_blocks().await
}
