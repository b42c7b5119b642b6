//! The last time that a connection was lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// Shared by the pools of a process: when one connection breaks or gets no answer, those that were open at that moment are
/// not used any more (the database was restarted, a firewall forgot them), and new ones take their place.
#[derive(Debug, Clone)]
pub struct Outage {
    began: Instant,
    /// Microseconds after `began`; 0: never.
    noticed: Arc<AtomicU64>,
}

impl Outage {
    pub(super) fn notice(&self) {
        self.noticed.fetch_max(self.at(Instant::now()), Ordering::Relaxed);
    }

    /// Whether a connection that was opened then was open when one was lost.
    pub(super) fn concerns(&self, opened: Instant) -> bool {
        self.at(opened) <= self.noticed.load(Ordering::Relaxed)
    }

    fn at(&self, instant: Instant) -> u64 {
        let since = instant.saturating_duration_since(self.began);
        // 600,000 years.
        u64::try_from(since.as_micros())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}

impl Default for Outage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            noticed: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_of_before_are_concerned() {
        let outage = Outage::default();
        let before = Instant::now();
        assert!(!outage.concerns(before));
        outage.notice();
        assert!(outage.concerns(before));
        while outage.concerns(Instant::now()) {
            std::hint::spin_loop();
        }
    }
}
