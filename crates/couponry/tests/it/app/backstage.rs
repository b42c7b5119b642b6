//! A runtime beside the tests' own: hosts go on serving, and databases are dropped, while a test's thread is blocked.

use std::sync::{LazyLock, mpsc};

use tokio::runtime::{Builder, Runtime};

static BACKSTAGE: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
});

pub(crate) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    BACKSTAGE.spawn(work)
}

/// Runs work to its end on the other runtime while this thread waits: the only way to do it in a `drop`.
pub(crate) fn block_on<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (done, result) = mpsc::channel();
    spawn(async move { done.send(work.await).ok() });
    result.recv().ok()
}
