//! Handing out codes: one for each request key, in calls that serve whatever waits.

mod answer;
mod busiest;
mod campaigns;
mod checked;
mod dispatch;
mod gates;
mod group;
mod ledger;
mod ledger_page;
mod look_up;
mod perform;
mod reissue;
mod schedule;
mod settle;
mod statement;
mod sweep;
mod unread;

use std::{fmt, sync::Arc, time::Duration};

use domain::{AllocationStatus, Campaign, CampaignKey, ExternalId, Position, RequestKey};
use jiff::Timestamp;
use moka::future::Cache;
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, timeout},
};
use tracing::{Instrument as _, Span, info_span};

use self::{busiest::Busiest, dispatch::Dispatcher, schedule::Message};
pub use self::{
    busiest::BusyList,
    ledger::Recorded,
    ledger_page::{HandOutFilter, LedgerPage},
    settle::{ConfirmOutcome, ReleaseOutcome},
    statement::AllocateState,
    unread::Spool,
};
pub(crate) use self::{ledger::keys_of, settle::columns};
use crate::{
    AfterPromotion, Error, ListRef, PauseReason, Result, Settings, Spent, TRACE, lineage::Watch,
    metrics::count_unanswered, pool::Pool,
};

/// The most keys in one call. More would make single requests wait behind batches; at a thousand the round trip is
/// already a small part of the cost.
pub const GROUP_KEYS: usize = 1_000;

/// How long a caller waits for what became of its requests. The call goes on without it: a retry hears of it.
const PATIENCE: Duration = Duration::from_millis(4_500);
/// And how long where many lines of one client follow each other, and it is itself what they wait for.
const PATIENCE_OF_A_STREAM: Duration = Duration::from_secs(30);

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
    /// No new code is handed out until somebody says that the database has all that was handed out.
    Paused,
}

/// Why nothing can be said about an allocation: it may or may not have been carried out, and asking again with the same
/// key is safe.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AllocationsUnavailable {
    #[error("too many allocations are waiting for this list")]
    Busy,
    #[error("the allocation took too long")]
    Late,
    #[error("the server is going away")]
    Stopped,
    #[error(transparent)]
    Storage(Arc<Error>),
}

/// The way to codes, for every handler of a process. Requests gather while calls are under way; the next call serves all
/// that have gathered, of whatever lists. The calls are made by tasks of the runtime given at the start, on connections of
/// its own: a client that hangs up, or a worker thread that ends, drops no call half-way.
#[derive(Debug, Clone)]
pub struct Allocator(Arc<Dispatcher>);

#[derive(Debug)]
struct Shared {
    pool: Pool,
    /// Campaigns known to be in the database.
    campaigns: Cache<(i64, CampaignKey), ()>,
    busiest: Busiest,
    lineage: Watch,
}

/// A handler's requests, and where it waits for the outcomes.
struct Waiting {
    requests: Vec<AllocationRequest>,
    shortage: Shortage,
    /// When it was queued; nothing once a call took it up.
    since: Option<Instant>,
    /// The wait, in the trace of the request.
    span: Span,
    answer: oneshot::Sender<Result<Vec<AllocationOutcome>, AllocationsUnavailable>>,
}

impl Message for Waiting {
    fn keys(&self) -> usize {
        self.requests.len()
    }

    fn is_all_or_nothing(&self) -> bool {
        self.shortage == Shortage::Reject
    }
}

impl Allocator {
    /// Call it on the runtime whose tasks are to make the calls.
    ///
    /// # Errors
    /// If the database's URL cannot be read.
    pub fn new(settings: &Settings, after_promotion: AfterPromotion) -> Result<Self> {
        let shared = Shared {
            pool: Pool::new(settings)?,
            campaigns: Cache::new(100_000),
            busiest: Busiest::default(),
            lineage: Watch::new(after_promotion),
        };
        Ok(Self(Arc::new(Dispatcher::new(shared, Handle::current()))))
    }

    /// One outcome for each request, in their order, after what it tells has been committed. A large batch goes in
    /// groups, so that others get their turn between them, unless it is all or nothing.
    pub async fn allocate(
        &self,
        list: &Arc<ListRef>,
        mut requests: Vec<AllocationRequest>,
        shortage: Shortage,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        if shortage == Shortage::Reject || requests.len() <= GROUP_KEYS {
            return self.allocate_group(list, requests, shortage, PATIENCE).await;
        }
        let mut outcomes = Vec::with_capacity(requests.len());
        while !requests.is_empty() {
            let rest = requests.split_off(requests.len().min(GROUP_KEYS));
            outcomes.extend(self.allocate_group(list, requests, shortage, PATIENCE).await?);
            requests = rest;
        }
        Ok(outcomes)
    }

    /// The same for a group of lines, at most [`GROUP_KEYS`], of a client that sends many such groups at a time.
    pub async fn allocate_lines(
        &self,
        list: &Arc<ListRef>,
        requests: Vec<AllocationRequest>,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        self.allocate_group(list, requests, Shortage::Partial, PATIENCE_OF_A_STREAM)
            .await
    }

    async fn allocate_group(
        &self,
        list: &Arc<ListRef>,
        requests: Vec<AllocationRequest>,
        shortage: Shortage,
        patience: Duration,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        let (since, recipients) = (Instant::now(), requests.len());
        let span = info_span!(
            target: TRACE,
            "allocation",
            couponry.allocation.recipients = recipients,
            otel.status_code = tracing::field::Empty
        );
        let allocated = self.wait(list, requests, shortage, patience, since, &span);
        let allocated = allocated.instrument(span.clone()).await;
        if let Err(error) = &allocated {
            count_unanswered(error, recipients);
            span.record("otel.status_code", "ERROR");
        }
        Spent::call(since.elapsed());
        allocated
    }

    async fn wait(
        &self,
        list: &Arc<ListRef>,
        requests: Vec<AllocationRequest>,
        shortage: Shortage,
        patience: Duration,
        since: Instant,
        span: &Span,
    ) -> Result<Vec<AllocationOutcome>, AllocationsUnavailable> {
        let learned = self.0.learn_placement(since + patience).await;
        learned.map_err(|error| AllocationsUnavailable::Storage(Arc::new(error)))?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            requests,
            shortage,
            since: Some(since),
            span: span.clone(),
            answer,
        };
        self.0.submit(list, waiting)?;
        match timeout(patience, answered).await {
            Ok(answered) => answered.map_err(|_| AllocationsUnavailable::Stopped)?,
            Err(_) => Err(AllocationsUnavailable::Late),
        }
    }

    /// Recipients that wait for a call now.
    pub fn queued(&self) -> usize {
        self.0.queued()
    }

    /// The lists that this process was lately asked for the most, with what it handed out of them.
    pub fn busiest_lists(&self, most: usize) -> Vec<BusyList> {
        self.0.busiest_lists(most)
    }

    /// Why no new code is handed out, as far as this process knows.
    pub fn paused(&self) -> Option<PauseReason> {
        self.0.lineage().paused()
    }

    /// Looks every second whether the database is the one that codes were handed out of, for as long as it is polled.
    pub async fn keep_watch(&self) {
        self.0.keep_watch().await;
    }

    /// Asks the database for a sign of life, on a connection of the calls.
    pub async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }
}
