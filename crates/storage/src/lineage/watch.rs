//! What a process knows of the lineage: the server it was checked on, and the last allocation answered from there.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::Position;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{error, info};

use super::{AfterPromotion, PauseReason};
use crate::{Result, pool::Pool};

/// How often the lineage is looked at again: another server may have missed something, somebody may have acknowledged it.
const LOOK: Duration = Duration::from_secs(1);

/// One for all calls of a process.
#[derive(Debug)]
pub(crate) struct Watch {
    after_promotion: AfterPromotion,
    /// Calls are made on other machines than this checks (Citus).
    is_spread: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// When it was started: no other server has the same instant. `None`: nothing is known yet.
    server_started_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    paused: Option<PauseReason>,
    looked_at: Option<Instant>,
    last: Option<LastAllocation>,
}

/// An allocation that was answered: if it is missing, the data is older than the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastAllocation {
    pub(crate) list_id: i64,
    pub(crate) position: Position,
    pub(crate) allocated_at: Timestamp,
}

/// What a call is told.
pub(crate) enum Word {
    /// Go on, on a server that was started at this instant; `None`: on whichever.
    Go(Option<Timestamp>),
    Paused,
}

impl Watch {
    pub(crate) fn new(after_promotion: AfterPromotion) -> Self {
        Self {
            after_promotion,
            is_spread: AtomicBool::default(),
            known: Mutex::default(),
        }
    }

    /// Calls cannot ask for the server that was checked.
    pub(crate) fn ignore_servers(&self) {
        self.is_spread.store(true, Ordering::Relaxed);
    }

    pub(crate) fn paused(&self) -> Option<PauseReason> {
        self.known().paused
    }

    /// What is known by heart; the database is asked the first time, and once a second while nothing is handed out.
    pub(crate) async fn word(&self, pool: &Pool, deadline: Instant) -> Result<Word> {
        if let Some(word) = self.known_word() {
            return Ok(word);
        }
        self.look(pool, deadline).await?;
        Ok(self.known_word().unwrap_or(Word::Paused))
    }

    fn known_word(&self) -> Option<Word> {
        let known = self.known();
        let is_fresh = known.looked_at.is_some_and(|at| at.elapsed() < LOOK);
        match (known.server_started_at, known.paused) {
            (Some(_), Some(_)) => is_fresh.then_some(Word::Paused),
            (Some(started), None) => {
                let is_spread = self.is_spread.load(Ordering::Relaxed);
                Some(Word::Go((!is_spread).then_some(started)))
            }
            (None, _) => None,
        }
    }

    /// Asks the database.
    pub(crate) async fn look(&self, pool: &Pool, deadline: Instant) -> Result<()> {
        let (acknowledged_at, last) = {
            let known = self.known();
            (known.acknowledged_at, known.last)
        };
        let row = sqlx::query!(
            r#"select server_started_at as "server_started_at!", reason as "reason: PauseReason",
                      acknowledged_at as "acknowledged_at!"
               from check_lineage($1, $2, $3, $4, $5, $6)"#,
            acknowledged_at.map(jiff_sqlx::ToSqlx::to_sqlx) as _,
            last.map(|last| last.list_id),
            last.map(|last| last.position.file_id),
            last.map(|last| last.position.ordinal),
            last.map(|last| last.position.turn),
            self.after_promotion == AfterPromotion::Continue,
        )
        .fetch_one(pool.until(deadline))
        .await?;
        self.learn(
            row.server_started_at.into(),
            row.acknowledged_at.into(),
            row.reason,
        );
        Ok(())
    }

    fn learn(&self, server_started_at: Timestamp, acknowledged_at: Timestamp, paused: Option<PauseReason>) {
        let mut known = self.known();
        if known.acknowledged_at != Some(acknowledged_at) {
            // Somebody has settled what was lost before.
            if known
                .acknowledged_at
                .is_none_or(|before| before < acknowledged_at)
            {
                known.acknowledged_at = Some(acknowledged_at);
                known.last = None;
            }
        }
        match (known.paused, paused) {
            (before, Some(reason)) if before != paused => error!(
                reason = reason.as_str(),
                "no new code is handed out: the database may lack allocations that were answered; see couponry database \
                 acknowledge"
            ),
            (Some(_), None) => info!("new codes are handed out again"),
            _ => {}
        }
        known.server_started_at = Some(server_started_at);
        known.paused = paused;
        known.looked_at = Some(Instant::now());
    }

    /// For as long as it is polled.
    pub(crate) async fn keep(&self, pool: &Pool) {
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.look(pool, Instant::now() + 2 * LOOK).await {
                tracing::debug!(%error, "the lineage cannot be looked at");
            }
        }
    }

    /// The last one by the database's clock.
    pub(crate) fn note(&self, last: LastAllocation) {
        let mut known = self.known();
        if known
            .last
            .is_none_or(|before| before.allocated_at <= last.allocated_at)
        {
            known.last = Some(last);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
