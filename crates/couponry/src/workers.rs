//! Background jobs: claimed, worked on under a lease, handed over when the process goes away.

mod bell;
mod housekeeping;
mod lane;

use std::{sync::Arc, time::Duration};

use ingestion::Loader;
use secrecy::SecretString;
use storage::{JobKind, Storage};
use tokio::{sync::watch, task::JoinSet};

use lane::Lane;

/// How the jobs are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) storage: Storage,
    pub(crate) loader: Arc<Loader>,
    pub(crate) lease: Duration,
    /// Files loaded at once.
    pub(crate) loads: usize,
    /// For LISTEN.
    pub(crate) direct_url: SecretString,
}

#[derive(Debug)]
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Workers {
    pub(crate) fn start(plan: &Plan) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (ring, bell) = watch::channel(());
        let mut tasks = JoinSet::new();
        let loads = std::iter::repeat_n(JobKind::LoadFile, plan.loads);
        for kind in loads.chain([JobKind::PurgeList]) {
            let lane = Lane::new(kind, plan.clone(), bell.clone(), stopped.clone());
            tasks.spawn(lane.run());
        }
        tasks.spawn(until(
            stopped.clone(),
            bell::listen(plan.direct_url.clone(), ring),
        ));
        tasks.spawn(until(
            stopped,
            housekeeping::keep(plan.storage.clone(), plan.lease),
        ));
        Self { stop, tasks }
    }

    /// Returns when every job at hand has been given back.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}
