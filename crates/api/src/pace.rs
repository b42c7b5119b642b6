//! A body that has to come at a pace: it may neither pause, nor drip, nor go on for ever.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use actix_web::{error::PayloadError, web::Bytes};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::timeout;

/// What has to come in a second, on the whole: then the largest file takes 46 minutes, and pieces that belong to no load are
/// taken for left behind after an hour.
const BYTES_A_SECOND: u64 = 24 * 1024;

/// The body as it comes, until it keeps us waiting for `pause`, falls behind its pace by as much, or has more than `most`
/// bytes: then it ends with the error that [`reason`] tells from others.
pub(crate) fn paced(
    body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    pause: Duration,
    most: u64,
) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let paced = stream::unfold(Some((body, 0, Duration::ZERO)), move |state| async move {
        let (mut body, bytes, waited) = state?;
        let earned = Duration::from_secs(bytes / BYTES_A_SECOND);
        // Time in which nobody asked for more is not the sender's.
        let asked = Instant::now();
        let next = async {
            let left = (pause + earned).checked_sub(waited)?;
            timeout(pause.min(left), body.next()).await.ok()
        };
        let Some(chunk) = next.await else {
            return Some((Err(PayloadError::Io(ErrorKind::TimedOut.into())), None));
        };
        let waited = waited + asked.elapsed();
        let chunk = match chunk? {
            Ok(chunk) => chunk,
            Err(error) => return Some((Err(error), None)),
        };
        let bytes = bytes + chunk.len() as u64;
        if bytes > most {
            return Some((Err(PayloadError::Io(ErrorKind::FileTooLarge.into())), None));
        }
        Some((Ok(chunk), Some((body, bytes, waited))))
    });
    // A form asks again after the end.
    paced.fuse()
}

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    TooSlow,
    TooLarge,
    /// It broke off or cannot be read.
    Other,
}

pub(crate) fn reason(error: &PayloadError) -> Reason {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => Reason::TooSlow,
        PayloadError::Io(error) if error.kind() == ErrorKind::FileTooLarge => Reason::TooLarge,
        _ => Reason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(30);

    fn chunk(bytes: usize) -> Bytes {
        vec![b'x'; bytes].into()
    }

    /// How a body ends that may have so many bytes, and how many of them came.
    async fn end_of(
        body: impl Stream<Item = Result<Bytes, PayloadError>>,
        most: u64,
    ) -> (usize, Option<Reason>) {
        let mut body = Box::pin(paced(Box::pin(body), PATIENCE, most));
        let mut came = 0;
        loop {
            match body.next().await {
                Some(Ok(chunk)) => came += chunk.len(),
                Some(Err(error)) => return (came, Some(reason(&error))),
                None => return (came, None),
            }
        }
    }

    #[tokio::test]
    async fn a_body_that_comes_at_its_pace_is_taken() {
        let body = stream::iter([Ok(chunk(50_000)), Ok(chunk(50_000))]);
        assert_eq!(end_of(body, 100_000).await, (100_000, None));
    }

    #[tokio::test]
    async fn a_body_that_pauses_or_drips_is_too_slow() {
        let pausing = stream::iter([Ok(chunk(1))]).chain(stream::pending());
        assert_eq!(end_of(pausing, 100).await, (1, Some(Reason::TooSlow)));
        let ticks = tokio::time::interval(Duration::from_millis(1));
        let dripping = stream::unfold(ticks, async |mut ticks| {
            ticks.tick().await;
            Some((Ok(chunk(1)), ticks))
        });
        assert_eq!(end_of(dripping, 1_000_000).await.1, Some(Reason::TooSlow));
    }

    #[tokio::test]
    async fn whoever_takes_long_over_a_body_does_not_make_its_sender_slow() {
        let late = stream::once(async {
            tokio::task::yield_now().await;
            Ok(chunk(1))
        });
        let body = stream::iter([Ok(chunk(1))]).chain(late);
        let mut body = Box::pin(paced(Box::pin(body), PATIENCE, 100));
        body.next().await.unwrap().unwrap();
        tokio::time::sleep(PATIENCE * 2).await;
        assert_eq!(body.next().await.unwrap().unwrap(), chunk(1));
    }

    #[tokio::test]
    async fn a_body_without_end_is_too_large_and_one_that_breaks_is_neither() {
        let endless = stream::repeat_with(|| Ok(chunk(30)));
        assert_eq!(end_of(endless, 100).await, (90, Some(Reason::TooLarge)));
        let broken = stream::iter([Ok(chunk(1)), Err(PayloadError::EncodingCorrupted)]);
        assert_eq!(end_of(broken, 100).await, (1, Some(Reason::Other)));
    }
}
