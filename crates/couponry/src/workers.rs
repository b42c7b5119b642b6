//! Background jobs: claimed, worked on under a lease, handed over when the process goes away.

mod bell;
mod housekeeping;
mod lane;
mod workshop;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use storage::{JobKind, Storage};
use tokio::{sync::watch, task::JoinSet};

use housekeeping::{Chore, Household};
use lane::Lane;
pub(crate) use workshop::Workshop;

/// Receivers of callbacks may be slow, and there is little else to do for them than to wait.
const CALLBACKS: usize = 4;

/// How the jobs are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) storage: Storage,
    pub(crate) workshop: Arc<Workshop>,
    /// The IANA name of the zone whose days are counted.
    pub(crate) zone: String,
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
        let lanes = [
            (JobKind::LoadFile, plan.loads),
            (JobKind::PurgeList, 1),
            (JobKind::BuildReport, 1),
            (JobKind::CallBack, CALLBACKS),
            // Without a relay mails wait until there is one.
            (JobKind::SendMail, usize::from(plan.workshop.mailer.is_some())),
        ];
        let lanes = lanes
            .into_iter()
            .flat_map(|(kind, number)| std::iter::repeat_n(kind, number));
        for kind in lanes {
            let lane = Lane::new(kind, plan.clone(), bell.clone(), stopped.clone());
            tasks.spawn(lane.run());
        }
        tasks.spawn(until(
            stopped.clone(),
            bell::listen(plan.direct_url.clone(), ring),
        ));
        let household = Household::new(plan.storage.clone(), plan.lease, plan.zone.clone());
        for chore in Chore::ALL {
            tasks.spawn(until(stopped.clone(), chore.keep(household.clone())));
        }
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
