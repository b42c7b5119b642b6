//! What a long wait says in the log: once at its beginning, and then now and again.

use tokio::time::{Duration, Instant};

/// How long it says nothing that was said before.
const SILENCE: Duration = Duration::from_secs(10);

/// Of one wait.
#[derive(Debug, Default)]
pub(crate) struct Reminder {
    last: Option<(Instant, String)>,
}

impl Reminder {
    /// Whether to say now what is waited for: it is another thing than before, or was said long ago.
    pub(crate) fn is_due(&mut self, reason: &str, now: Instant) -> bool {
        let is_due = self
            .last
            .as_ref()
            .is_none_or(|(said, before)| before != reason || now.duration_since(*said) >= SILENCE);
        if is_due {
            self.last = Some((now, reason.to_owned()));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_of_half_a_minute_is_told_of_four_times() {
        let (mut reminder, begun) = (Reminder::default(), Instant::now());
        let told: Vec<u64> = (0..=30)
            .filter(|second| reminder.is_due("away", begun + Duration::from_secs(*second)))
            .collect();
        assert_eq!(told, [0, 10, 20, 30]);
    }

    #[test]
    fn another_reason_is_told_at_once() {
        let (mut reminder, begun) = (Reminder::default(), Instant::now());
        assert!(reminder.is_due("refused", begun));
        assert!(reminder.is_due("starting up", begun));
        assert!(!reminder.is_due("starting up", begun));
    }
}
