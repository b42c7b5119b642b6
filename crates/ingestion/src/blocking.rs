//! Work that computes for long stretches between its awaits, on a thread of its own: on the runtime's threads it would
//! make allocations wait.

use storage::Error;
use tokio::{runtime::Handle, sync::oneshot, task};

/// Drives the future on a blocking thread. If the caller is dropped, so is the future, at its next await.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> storage::Result<T> {
    let (_here, gone) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let driven = task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                _ = gone => None,
            }
        })
    });
    match driven.await {
        Ok(Some(done)) => Ok(done),
        Ok(None) | Err(_) => Err(Error::Fault("a thread of the load died".to_owned())),
    }
}
