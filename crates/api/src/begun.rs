//! Answers that come in pieces: the first is read before the head is sent, so that the status can say that there is none.

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

/// The same pieces, the first of which is here.
///
/// # Errors
/// If it cannot be read.
pub(crate) async fn begun<T, E>(
    pieces: impl Stream<Item = Result<T, E>>,
) -> Result<impl Stream<Item = Result<T, E>> + Unpin, E> {
    let mut pieces = Box::pin(pieces);
    let first = pieces.try_next().await?;
    Ok(stream::iter(first.map(Ok)).chain(pieces))
}
