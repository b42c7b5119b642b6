//! Background jobs: claimed, worked on under a lease, handed over when the process goes away.

mod bell;
mod housekeeping;
mod lane;
mod metrics;
mod workshop;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use storage::{JobKind, Storage};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use housekeeping::{Chore, Household};
use lane::{Lane, Places};
pub(crate) use workshop::Workshop;

/// Hosts of files and receivers of callbacks may be slow, and there is little else to do for them than to wait.
const WAITING: usize = 32;
/// One workspace's may stall half of the places, and leave the others to everybody else.
const WAITING_OF_WORKSPACE: u32 = 16;
/// Reports and mails with their attachments take time and memory, so few are made at once; more than one, so that no
/// workspace's waits for all of another's.
const MAKING: usize = 2;

/// How the jobs are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) storage: Storage,
    pub(crate) workshop: Arc<Workshop>,
    /// The IANA name of the zone whose days are counted.
    pub(crate) zone: String,
    pub(crate) lease: Duration,
    /// Places for files that are loaded at once; the fetches know them too.
    pub(crate) loads: Arc<Semaphore>,
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
        let of = |in_process| Arc::new(Semaphore::new(in_process));
        let lanes = [
            (JobKind::FetchFile, of(WAITING), WAITING_OF_WORKSPACE),
            (JobKind::LoadFile, Arc::clone(&plan.loads), u32::MAX),
            (JobKind::PurgeList, of(1), u32::MAX),
            (JobKind::BuildReport, of(MAKING), u32::MAX),
            (JobKind::BulkAction, of(MAKING), u32::MAX),
            (JobKind::CallBack, of(WAITING), WAITING_OF_WORKSPACE),
        ];
        // Without a relay mails wait until there is one.
        let mailer = plan.workshop.mailer.as_ref();
        let mails = mailer.map(|_| {
            [
                (JobKind::SendMail, of(MAKING), u32::MAX),
                (JobKind::SendInvitation, of(MAKING), u32::MAX),
            ]
        });
        let mails = mails.into_iter().flatten();
        for (kind, in_process, of_workspace) in lanes.into_iter().chain(mails) {
            let places = Places {
                in_process,
                of_workspace,
            };
            let lane = Lane::new(kind, places, plan.clone(), bell.clone(), stopped.clone());
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
