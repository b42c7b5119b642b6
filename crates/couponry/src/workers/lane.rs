//! Jobs of one kind, a certain number side by side.

use std::{sync::Arc, time::Duration};

use storage::{Claim, Job, JobKind, TRACE_ROOT, begins_trace};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{Plan, metrics::count_job, workshop::Trouble};

/// How often to look where no bell rings, or a job's time comes.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(2);
/// For giving a job back when the database does not answer; its lease runs out by itself.
const GIVE_BACK: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Lane {
    kind: JobKind,
    places: Places,
    plan: Plan,
    bell: watch::Receiver<()>,
    stopped: watch::Receiver<bool>,
}

/// How many jobs of a kind run side by side.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) in_process: Arc<Semaphore>,
    /// Of one workspace, over all processes.
    pub(super) of_workspace: u32,
}

enum Ended {
    /// By itself, with what it says.
    Worked(Result<(), Trouble>),
    /// Someone else has the job.
    Lost,
    /// The process goes away.
    Stopped,
}

impl Ended {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Worked(Ok(())) => "done",
            Self::Worked(Err(Trouble::Later(_) | Trouble::Elsewhere(_))) => "failed",
            Self::Worked(Err(Trouble::Never(_))) => "given_up",
            Self::Lost => "lost",
            Self::Stopped => "handed_over",
        }
    }
}

impl Lane {
    pub(super) fn new(
        kind: JobKind,
        places: Places,
        plan: Plan,
        bell: watch::Receiver<()>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            kind,
            places,
            plan,
            bell,
            stopped,
        }
    }

    pub(super) async fn run(mut self) {
        let mut at_work = JoinSet::new();
        while let Some(place) = self.place().await {
            while at_work.try_join_next().is_some() {}
            // Seen before looking: what rings from now on is news.
            self.bell.mark_unchanged();
            let most = self.places.of_workspace;
            match self
                .plan
                .storage
                .claim_job(self.kind, most, self.plan.lease)
                .await
            {
                Ok(Some(job)) => {
                    let lane = self.clone();
                    at_work.spawn(async move {
                        lane.work(job).await;
                        drop(place);
                    });
                }
                Ok(None) => {
                    drop(place);
                    self.wait(LOOK, &mut at_work).await;
                }
                Err(error) => {
                    drop(place);
                    tracing::warn!(kind = self.kind.as_str(), %error, "jobs cannot be looked for");
                    self.wait(PAUSE_AFTER_ERROR, &mut at_work).await;
                }
            }
        }
        while at_work.join_next().await.is_some() {}
    }

    /// A free place, for as long as the process works.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
            place = Arc::clone(&self.places.in_process).acquire_owned() => place.ok(),
        }
    }

    /// For a new job, or the end of one: its workspace may have another.
    async fn wait(&mut self, most: Duration, at_work: &mut JoinSet<()>) {
        tokio::select! {
            () = sleep(most) => {}
            Ok(()) = self.bell.changed() => {}
            Some(_) = at_work.join_next() => {}
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    async fn work(&self, job: Job) {
        let claim = job.claim();
        let (kind, job_id, attempt) = (self.kind.as_str(), claim.job_id, claim.attempt);
        tracing::debug!(kind, job_id, attempt, "a job begins");
        // A task of its own: a job that computes does not keep the lease from being prolonged, and one that panics
        // does not take the lane with it.
        let mut task = JoinSet::new();
        let mut stopped = self.stopped.clone();
        let workshop = Arc::clone(&self.plan.workshop);
        let (span, began) = (self.span(claim), Instant::now());
        task.spawn(async move { workshop.perform(job).await }.instrument(span.clone()));
        let ended = tokio::select! {
            Some(outcome) = task.join_next() => {
                Ended::Worked(outcome.unwrap_or_else(|_| Err(Trouble::Later("the job panicked".to_owned()))))
            }
            () = self.until_lost(claim) => Ended::Lost,
            _ = stopped.wait_for(|stopped| *stopped) => Ended::Stopped,
        };
        task.shutdown().await;
        count_job(kind, ended.as_str(), began.elapsed());
        match ended {
            Ended::Worked(Ok(())) => tracing::debug!(kind, job_id, attempt, "a job is done"),
            Ended::Worked(Err(Trouble::Elsewhere(error))) => {
                tracing::debug!(kind, job_id, attempt, error, "a job will be tried again");
                self.retry(claim, &error, Some(&error)).await;
            }
            Ended::Worked(Err(Trouble::Later(error))) => {
                tracing::warn!(
                    kind,
                    job_id,
                    attempt,
                    error,
                    "a job failed; it will be tried again"
                );
                self.retry(claim, &error, None).await;
            }
            Ended::Worked(Err(Trouble::Never(error))) => {
                tracing::warn!(kind, job_id, attempt, error, "a job is given up");
                self.give_back(claim, self.plan.storage.give_up_job(self.kind, claim, &error))
                    .await;
            }
            Ended::Lost => {
                tracing::warn!(
                    kind,
                    job_id,
                    attempt,
                    "a job is no longer this worker's: it was taken over, or its file is gone"
                );
                // Where only the database was away nobody has it yet, and this was no death of a worker.
                self.give_back(claim, self.plan.storage.hand_over_job(claim))
                    .await;
            }
            Ended::Stopped => {
                self.give_back(claim, self.plan.storage.hand_over_job(claim))
                    .await;
            }
        }
    }

    /// Goes on with the trace of the request that asked for the job.
    fn span(&self, claim: Claim) -> Span {
        let kind = self.kind.as_str();
        if !begins_trace(claim.origin.is_some()) {
            return Span::none();
        }
        let span = info_span!(
            target: TRACE_ROOT,
            "job",
            otel.name = kind,
            otel.kind = "consumer",
            couponry.job.kind = kind,
            couponry.job.attempt = claim.attempt
        );
        if let Some(origin) = claim.origin
            && !span.is_disabled()
        {
            // It fails for a span that has begun, which this one has not.
            _ = span.set_parent(origin.context());
        }
        span
    }

    async fn retry(&self, claim: Claim, error: &str, told: Option<&str>) {
        let delay = self.kind.back_off(claim.failures);
        let again = self.plan.storage.retry_job(self.kind, claim, error, told, delay);
        self.give_back(claim, again).await;
    }

    async fn give_back(&self, claim: Claim, giving: impl Future<Output = storage::Result<()>>) {
        if !matches!(timeout(GIVE_BACK, giving).await, Ok(Ok(()))) {
            tracing::warn!(
                job_id = claim.job_id,
                "a job could not be given back; its lease will run out"
            );
        }
    }

    /// Prolongs the lease until the job is someone else's, or may be: with a database that does not answer nobody knows.
    async fn until_lost(&self, claim: Claim) {
        let mut prolonged = Instant::now();
        while prolonged.elapsed() < self.plan.lease {
            sleep(self.plan.lease / 3).await;
            match self.plan.storage.prolong_lease(claim, self.plan.lease).await {
                Ok(true) => prolonged = Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::warn!(job_id = claim.job_id, %error, "a lease could not be prolonged"),
            }
        }
    }
}
