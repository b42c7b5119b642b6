//! From a file's pieces to sorted codes: one task brings them while a thread reads the rows.

use bytes::Bytes;
use domain::{FingerprintKey, LoadFailure};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use storage::{Error, LoadCounts, Stage};
use tokio::{sync::mpsc, task};
use tracing::{Instrument as _, info_span};

use crate::{
    progress::Progress,
    rows::Rows,
    sorted::{SortedCodes, Sorter},
};

/// Pieces on their way from where they wait to the rows; each is half a megabyte.
const PIECES: usize = 8;

/// What came of a file; how its rows went is told also when the file is refused.
pub(crate) struct FileRead {
    pub(crate) counts: LoadCounts,
    pub(crate) codes: Result<SortedCodes, LoadFailure>,
}

/// `whole` is how many bytes there have to be, where that is known.
///
/// # Errors
/// If the database failed us.
pub(crate) async fn read(
    mut pieces: BoxStream<'_, storage::Result<Bytes>>,
    whole: Option<u64>,
    key: FingerprintKey,
    progress: &mut Progress<'_>,
) -> storage::Result<FileRead> {
    match whole {
        Some(bytes) => {
            progress.fetched(bytes);
            progress.stage(Stage::Sorting).await;
        }
        None => progress.stage(Stage::Downloading).await,
    }
    let (sender, to_thread) = mpsc::channel(PIECES);
    let reading = task::spawn_blocking(move || read_rows(key, to_thread));
    let transferred = transfer(&mut pieces, whole, sender, progress)
        .instrument(info_span!("transfer"))
        .await;
    if transferred.is_ok() {
        progress.stage(Stage::Sorting).await;
    }
    let read = reading
        .await
        .map_err(|_| Error::Fault("the thread that reads rows died".to_owned()))?;
    // A broken transfer leaves the thread with a part of the file, about which nothing should be said.
    transferred.map(|()| read)
}

/// Passes the file on, piece by piece. The thread stops listening when it refuses the file; it says why itself.
async fn transfer(
    pieces: &mut BoxStream<'_, storage::Result<Bytes>>,
    whole: Option<u64>,
    sender: mpsc::Sender<Option<Bytes>>,
    progress: &mut Progress<'_>,
) -> storage::Result<()> {
    let mut passed = 0;
    while let Some(piece) = pieces.try_next().await? {
        let bytes = piece.len();
        if sender.send(Some(piece)).await.is_err() {
            return Ok(());
        }
        passed += bytes as u64;
        if whole.is_none() {
            progress.read(bytes).await;
        }
    }
    if whole.is_some_and(|whole| whole != passed) {
        return Err(Error::Fault("a fetched file is not whole".to_owned()));
    }
    sender.send(None).await.ok();
    Ok(())
}

/// `None` is the file's proper end; a channel that closes without it means that nobody wants the result.
fn read_rows(key: FingerprintKey, mut pieces: mpsc::Receiver<Option<Bytes>>) -> FileRead {
    let (mut rows, mut sorter) = (Rows::new(), Sorter::new(key));
    let mut read = || loop {
        match pieces.blocking_recv() {
            Some(Some(piece)) => rows.feed(&piece, &mut |code| sorter.push(code))?,
            Some(None) => return rows.finish(&mut |code| sorter.push(code)),
            None => return Err(LoadFailure::CutOff),
        }
    };
    let outcome = read();
    drop(pieces);
    let counted = rows.into_counts();
    let counts = LoadCounts {
        duplicates: 0,
        rejected: counted.rejected,
        rejections: counted.rejections,
        unseen: counted.unseen,
        first_line: counted.first_line,
    };
    FileRead {
        counts,
        codes: outcome.map(|()| sorter.finish()),
    }
}
