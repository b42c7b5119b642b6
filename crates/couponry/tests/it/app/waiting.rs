//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

/// Far beyond what anything in this suite takes: reaching it is a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

pub(super) const TICK: Duration = Duration::from_millis(5);

/// Asks again and again until there is an answer.
pub(crate) async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "waited in vain: {what}");
    }
}

/// Asks again and again until it is so.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    wait_for(what, async || condition().await.then_some(())).await;
}

/// For what must come by itself: a wait that ends in a failure instead of a hanging test.
pub(crate) async fn in_time<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, coming)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
