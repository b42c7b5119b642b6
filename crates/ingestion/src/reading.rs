//! From a file's pieces to sorted codes: the pieces are brought while a thread reads the rows.

use bytes::Bytes;
use domain::{FingerprintKey, LoadFailure};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use storage::{Error, LoadCounts, Stage};
use tokio::{
    sync::mpsc,
    task::{self, JoinHandle},
};
use tracing::{Instrument as _, info_span};

use crate::{
    metrics,
    progress::Progress,
    rows::Rows,
    sorted::{SortedCodes, Sorter},
};

/// Pieces on their way from where they wait to the rows; each is half a megabyte.
const PIECES: usize = 8;

/// What came of a file; how its rows went is told also when the file is refused.
pub(crate) struct FileRead {
    pub(crate) counts: LoadCounts,
    /// The rows that were left out, as they are kept.
    pub(crate) rejected_rows: Vec<u8>,
    pub(crate) codes: Result<SortedCodes, LoadFailure>,
}

/// How a file comes to its load.
pub(crate) enum Incoming<'p> {
    /// In pieces; of so many bytes, where that is known.
    Pieces(BoxStream<'p, storage::Result<Bytes>>, Option<u64>),
    /// Read while it was fetched; of so many bytes.
    Read(Reading, u64),
}

/// A thread that reads a file's rows as its pieces come. Who drops it before [`Reading::finish`] ends the thread.
pub(crate) struct Reading {
    pieces: mpsc::Sender<Option<Bytes>>,
    thread: JoinHandle<FileRead>,
}

impl Reading {
    pub(crate) fn begin(key: FingerprintKey) -> Self {
        let (pieces, to_thread) = mpsc::channel(PIECES);
        Self {
            pieces,
            thread: task::spawn_blocking(move || read_rows(key, to_thread)),
        }
    }

    /// Passes the next piece on. `false` if nothing more is read, because the file is refused already.
    pub(crate) async fn add(&self, piece: Bytes) -> bool {
        self.pieces.send(Some(piece)).await.is_ok()
    }

    /// The pieces were all there are: the codes are sorted, and the file is judged.
    ///
    /// # Errors
    /// If the thread died.
    pub(crate) async fn finish(self) -> storage::Result<FileRead> {
        // A thread that does not listen any more has refused the file.
        self.pieces.send(None).await.ok();
        self.thread
            .await
            .map_err(|_| Error::Fault("the thread that reads rows died".to_owned()))
    }
}

/// # Errors
/// If the database failed us.
pub(crate) async fn read(
    incoming: Incoming<'_>,
    key: FingerprintKey,
    progress: &mut Progress<'_>,
) -> storage::Result<FileRead> {
    let reading = match incoming {
        Incoming::Pieces(mut pieces, whole) => {
            match whole {
                Some(bytes) => {
                    progress.fetched(bytes);
                    progress.stage(Stage::Sorting).await;
                }
                None => progress.stage(Stage::Downloading).await,
            }
            let reading = Reading::begin(key);
            // A broken transfer leaves the thread with a part of the file, about which nothing should be said.
            transfer(&mut pieces, whole, &reading, progress)
                .instrument(info_span!("transfer"))
                .await?;
            reading
        }
        Incoming::Read(reading, bytes) => {
            progress.fetched(bytes);
            reading
        }
    };
    progress.stage(Stage::Sorting).await;
    metrics::count_bytes(progress.bytes_read());
    reading.finish().await
}

/// Passes the file on, piece by piece, until its end or until it is refused.
async fn transfer(
    pieces: &mut BoxStream<'_, storage::Result<Bytes>>,
    whole: Option<u64>,
    reading: &Reading,
    progress: &mut Progress<'_>,
) -> storage::Result<()> {
    let mut passed = 0;
    while let Some(piece) = pieces.try_next().await? {
        let bytes = piece.len();
        if !reading.add(piece).await {
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
    let bytes = counted.rejected_rows.len() as u64;
    let counts = LoadCounts {
        rejected: counted.rejected,
        rejected_for: counted.rejected_for,
        rejections: counted.rejections,
        rejections_bytes: (bytes > 0).then_some(bytes),
        unseen: counted.unseen,
        first_line: counted.first_line,
        ..LoadCounts::default()
    };
    FileRead {
        counts,
        rejected_rows: counted.rejected_rows,
        codes: outcome.map(|()| sorter.finish()),
    }
}
