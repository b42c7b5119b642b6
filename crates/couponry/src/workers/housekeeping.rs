//! What has to be done now and then, by any process, as often as it likes: each chore a task of its own, so that one that
//! is slow or stands still delays no other.

use std::{sync::Arc, time::Duration};

use storage::Storage;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

/// How many chores that only tidy up are done at once: each has a connection of the background's.
const TIDYING_AT_ONCE: usize = 2;
const PAUSE_AFTER_TROUBLE: Duration = Duration::from_mins(1);

/// Something that has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chore {
    RescueJobs,
    ExpireLists,
    SweepHolds,
    WatchLists,
    ForgetJobs,
    ForgetReports,
    ForgetBulkActions,
    ForgetIdempotencyKeys,
    ForgetUploads,
    ForgetFetches,
    ForgetAnswers,
    ForgetRejections,
    ForgetDryRuns,
    RemoveOrphanedBlocks,
    BeginPurgesAgain,
    TidyGates,
    ForgetSignIns,
}

/// What every chore needs.
#[derive(Debug, Clone)]
pub(super) struct Household {
    storage: Storage,
    /// Between two looks after what cannot wait.
    pause: Duration,
    zone: String,
    tidying: Arc<Semaphore>,
}

impl Household {
    pub(super) fn new(storage: Storage, lease: Duration, zone: String) -> Self {
        Self {
            storage,
            pause: (lease / 3).clamp(Duration::from_millis(200), Duration::from_secs(5)),
            zone,
            tidying: Arc::new(Semaphore::new(TIDYING_AT_ONCE)),
        }
    }
}

impl Chore {
    pub(super) const ALL: [Self; 17] = [
        Self::RescueJobs,
        Self::ExpireLists,
        Self::SweepHolds,
        Self::WatchLists,
        Self::ForgetJobs,
        Self::ForgetReports,
        Self::ForgetBulkActions,
        Self::ForgetIdempotencyKeys,
        Self::ForgetUploads,
        Self::ForgetFetches,
        Self::ForgetAnswers,
        Self::ForgetRejections,
        Self::ForgetDryRuns,
        Self::RemoveOrphanedBlocks,
        Self::BeginPurgesAgain,
        Self::TidyGates,
        Self::ForgetSignIns,
    ];

    /// What nobody waits for is done once an hour.
    const fn only_tidies(self) -> bool {
        !matches!(
            self,
            Self::RescueJobs | Self::ExpireLists | Self::SweepHolds | Self::WatchLists
        )
    }

    /// After which it is broken off; the next time goes on where this one came to.
    const fn limit(self) -> Duration {
        match self {
            Self::RescueJobs | Self::ExpireLists => Duration::from_secs(30),
            Self::SweepHolds | Self::WatchLists => Duration::from_mins(1),
            _ => Duration::from_mins(5),
        }
    }

    /// Again and again, until it is dropped.
    pub(super) async fn keep(self, household: Household) {
        loop {
            let turn = if self.only_tidies() {
                // Nobody closes it.
                household.tidying.acquire().await.ok()
            } else {
                None
            };
            let pause = match timeout(self.limit(), self.perform(&household)).await {
                Ok(Ok(())) if self.only_tidies() => Duration::from_hours(1),
                Ok(Ok(())) => household.pause,
                Ok(Err(error)) => {
                    tracing::debug!(chore = ?self, %error, "housekeeping could not be done");
                    household.pause.max(self.after_trouble())
                }
                Err(_) => {
                    tracing::warn!(chore = ?self, seconds = self.limit().as_secs(), "housekeeping took too long");
                    household.pause.max(self.after_trouble())
                }
            };
            drop(turn);
            sleep(pause).await;
        }
    }

    const fn after_trouble(self) -> Duration {
        if self.only_tidies() {
            PAUSE_AFTER_TROUBLE
        } else {
            Duration::ZERO
        }
    }

    async fn perform(self, household: &Household) -> storage::Result<()> {
        let storage = &household.storage;
        match self {
            Self::RescueJobs => match storage.rescue_jobs().await? {
                0 => {}
                rescued => tracing::warn!(rescued, "jobs of silent workers were given back"),
            },
            Self::ExpireLists => match storage.expire_due_lists().await? {
                0 => {}
                expired => tracing::info!(expired, "lists expired"),
            },
            Self::SweepHolds => _ = storage.sweep_holds().await?,
            Self::WatchLists => watch(household).await?,
            Self::ForgetJobs => storage.forget_old_jobs().await?,
            Self::ForgetReports => storage.forget_old_reports().await?,
            Self::ForgetBulkActions => storage.forget_old_bulk_actions().await?,
            Self::ForgetIdempotencyKeys => storage.forget_old_idempotency_keys().await?,
            Self::ForgetUploads => storage.forget_orphaned_uploads().await?,
            Self::ForgetFetches => storage.forget_orphaned_fetches().await?,
            Self::ForgetAnswers => storage.forget_orphaned_answers().await?,
            Self::ForgetRejections => storage.forget_old_rejections().await?,
            Self::ForgetDryRuns => storage.forget_old_dry_runs().await?,
            Self::RemoveOrphanedBlocks => storage.remove_orphaned_blocks().await?,
            Self::BeginPurgesAgain => match storage.begin_purges_again().await? {
                0 => {}
                lists => tracing::warn!(lists, "purges that had been given up were begun again"),
            },
            Self::TidyGates => _ = storage.tidy_gates().await?,
            Self::ForgetSignIns => storage.forget_ended_sign_ins().await?,
        }
        Ok(())
    }
}

/// For all processes: one of them looks, the others have looked.
async fn watch(household: &Household) -> storage::Result<()> {
    let Household {
        storage, pause, zone, ..
    } = household;
    // A little shorter than the pause, or the process whose turn it was would find itself a moment early.
    if storage.take_turn("watch lists", *pause * 9 / 10).await? {
        storage.watch_stocks().await?;
        match storage.remind_of_expiries(zone).await? {
            0 => {}
            lists => tracing::info!(lists, "expiries are near: reminders enqueued"),
        }
    }
    Ok(())
}
