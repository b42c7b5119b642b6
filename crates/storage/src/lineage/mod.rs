//! Whether the data is of the lineage that codes were handed out of: after a failover or a restore, codes that are out may
//! stand there as free (docs/decisions/0024-a-lineage-that-somebody-vouches-for.md).

mod acknowledge;
mod journal;
mod watch;

pub(crate) use self::watch::{LastAllocation, Watch, Word};
pub use self::{
    acknowledge::Lineage,
    journal::{JournalEntry, NotedEntries},
};

/// Why no new code is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "pause_reason", rename_all = "kebab-case")]
pub enum PauseReason {
    /// Another cluster: a dump was restored elsewhere, or the cluster was upgraded.
    OtherCluster,
    /// A dump was restored beside, or the database was copied.
    Copy,
    /// A standby was promoted, or a backup was restored to a point in time.
    OtherTimeline,
    /// A server missed what it had handed out.
    Loss,
}

impl PauseReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherCluster => "other-cluster",
            Self::Copy => "copy",
            Self::OtherTimeline => "other-timeline",
            Self::Loss => "loss",
        }
    }
}

/// What a server does when it meets another timeline of the same cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterPromotion {
    /// Waits for somebody to acknowledge it.
    #[default]
    Pause,
    /// Goes on, unless an allocation of its own is missing: standbys are synchronous.
    Continue,
}
