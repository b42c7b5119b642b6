//! The last time that the database fell silent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// Shared by the pools of a process: when one connection gets no answer, those that were open at that moment are not
/// trusted any more (a firewall that forgot them, a server that was cut off), and new ones take their place.
#[derive(Debug, Clone)]
pub struct Silence {
    began: Instant,
    /// Microseconds after `began`; 0: never.
    noticed: Arc<AtomicU64>,
}

impl Silence {
    pub(super) fn notice(&self) {
        self.noticed.fetch_max(self.at(Instant::now()), Ordering::Relaxed);
    }

    /// Whether a connection that was opened then was open when the database fell silent.
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

impl Default for Silence {
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
        let silence = Silence::default();
        let before = Instant::now();
        assert!(!silence.concerns(before));
        silence.notice();
        assert!(silence.concerns(before));
        while silence.concerns(Instant::now()) {
            std::hint::spin_loop();
        }
    }
}
