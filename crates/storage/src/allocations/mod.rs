//! Handing out codes: one for each request key, in groups per list.

mod call;
mod group;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{AllocationStatus, Campaign, CampaignKey, ExternalId, Position, RequestKey};
use jiff::Timestamp;
use moka::future::Cache;
use sqlx::PgPool;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use crate::{Error, ListRef, Result, Settings, connection};

/// The most keys in one call. More would make single requests wait behind batches; at a thousand the round trip is
/// already a small part of the cost.
pub const GROUP_KEYS: usize = 1_000;

/// Messages that may wait for one list in this process; beyond it callers are told to come back.
const WAITING: usize = 10_000;

/// One recipient who should get a code.
#[derive(Debug, Clone)]
pub struct AllocationRequest {
    pub user_id: ExternalId,
    pub request_id: Option<ExternalId>,
    pub campaign: Option<Arc<Campaign>>,
    /// The code goes back by itself after this many seconds unless it is confirmed.
    pub hold_seconds: Option<i32>,
}

impl AllocationRequest {
    fn key(&self, list: &ListRef) -> RequestKey {
        let campaign = self.campaign.as_ref().map(|campaign| &campaign.id);
        RequestKey::of(list.public_id, &self.user_id, self.request_id.as_ref(), campaign)
    }
}

/// What a batch wants when there are fewer codes than recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shortage {
    /// As many as there are.
    #[default]
    Partial,
    /// All or none.
    Reject,
}

/// A code in someone's hands.
#[derive(Clone)]
pub struct Allocation {
    pub position: Position,
    pub code: String,
    pub status: AllocationStatus,
    pub allocated_at: Timestamp,
    pub held_until: Option<Timestamp>,
}

/// Codes stay out of logs.
impl fmt::Debug for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocation")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// What became of one recipient.
#[derive(Debug, Clone)]
pub enum AllocationOutcome {
    New(Allocation),
    /// The key had this code before; it was asked for by the same user in the same campaign.
    Repeat(Allocation),
    /// The key had a code before, for another user or campaign. Nothing was taken.
    Conflict,
    /// The key's code was given back, or its hold ran out.
    Released,
    ListNotActive,
    Exhausted,
}

/// Why nothing can be said about an allocation: it may or may not have been carried out, and asking again with the same
/// key is safe.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AllocationsUnavailable {
    #[error("too many allocations are waiting for this list")]
    Busy,
    #[error("the server is going away")]
    Stopped,
    #[error(transparent)]
    Storage(Arc<Error>),
}

/// The way to codes, for every handler of a process. Requests of one list gather while a call for that list is under
/// way; the next call serves all that have gathered. The calls are made by a task of the runtime given at the start, on
/// connections of its own: a client that hangs up, or a worker thread that ends, drops no call half-way.
#[derive(Debug, Clone)]
pub struct Allocator(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    runtime: Handle,
    pool: PgPool,
    lists: Mutex<HashMap<i64, mpsc::Sender<Waiting>>>,
    /// Campaigns known to be in the database.
    campaigns: Cache<(i64, CampaignKey), ()>,
}

/// A handler's requests, and where it waits for the outcomes.
struct Waiting {
    requests: Vec<AllocationRequest>,
    shortage: Shortage,
    answer: oneshot::Sender<Result<Vec<AllocationOutcome>, AllocationsUnavailable>>,
}

impl Allocator {
    /// Call it on the runtime whose tasks are to make the calls.
    ///
    /// # Errors
    /// If the database's URL cannot be read.
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self(Arc::new(Shared {
            runtime: Handle::current(),
            pool: connection::pool(settings)?,
            lists: Mutex::default(),
            campaigns: Cache::new(100_000),
        })))
    }

    /// One outcome for each request, in their order, after what it tells has been committed. A large batch goes in
    /// groups, so that others get their turn between them, unless it is all or nothing.
    pub async fn allocate(
        &self,
        list: &Arc<ListRef>,
        mut requests: Vec<AllocationRequest>,
        shortage: Shortage,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        if shortage == Shortage::Reject || requests.len() <= GROUP_KEYS {
            return self.allocate_group(list, requests, shortage).await;
        }
        let mut outcomes = Vec::with_capacity(requests.len());
        while !requests.is_empty() {
            let rest = requests.split_off(requests.len().min(GROUP_KEYS));
            outcomes.extend(self.allocate_group(list, requests, shortage).await?);
            requests = rest;
        }
        Ok(outcomes)
    }

    async fn allocate_group(
        &self,
        list: &Arc<ListRef>,
        requests: Vec<AllocationRequest>,
        shortage: Shortage,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        let (answer, answered) = oneshot::channel();
        self.send(
            list,
            Waiting {
                requests,
                shortage,
                answer,
            },
        )?;
        answered.await.map_err(|_| AllocationsUnavailable::Stopped)?
    }

    fn send(&self, list: &Arc<ListRef>, mut waiting: Waiting) -> Result<(), AllocationsUnavailable> {
        use mpsc::error::TrySendError::{Closed, Full};

        let mut lists = self.0.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = lists.get(&list.list_id) {
            match sender.try_send(waiting) {
                Ok(()) => return Ok(()),
                Err(Full(_)) => return Err(AllocationsUnavailable::Busy),
                // Its task has ended: idle, or by a panic.
                Err(Closed(unsent)) => waiting = unsent,
            }
        }
        let (sender, inbox) = mpsc::channel(WAITING);
        self.0
            .runtime
            .spawn(group::serve(self.0.clone(), list.clone(), inbox));
        let sent = sender
            .try_send(waiting)
            .map_err(|_| AllocationsUnavailable::Stopped);
        lists.insert(list.list_id, sender);
        sent
    }
}
