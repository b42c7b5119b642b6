//! From where the bytes are to sorted codes: one task brings them while a thread reads the rows.

use bytes::Bytes;
use domain::{FingerprintKey, LoadFailure};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use storage::{Error, FileSource, FileToLoad, LoadCounts, Stage, Storage};
use tokio::{sync::mpsc, task};
use tracing::{Instrument as _, info_span};

use crate::{
    outbound::{Fetched, Outbound},
    progress::Progress,
    rows::Rows,
    sorted::{SortedCodes, Sorter},
};

/// Pieces on their way from the network to the rows; each is some tens of kilobytes.
const PIECES: usize = 32;

/// What came of a download; how its rows went is told also when the file is refused.
pub(crate) struct Downloaded {
    pub(crate) counts: LoadCounts,
    pub(crate) codes: Result<SortedCodes, LoadFailure>,
}

impl Downloaded {
    fn refused(failure: LoadFailure) -> Self {
        Self {
            counts: LoadCounts::default(),
            codes: Err(failure),
        }
    }
}

/// # Errors
/// If the database failed us.
pub(crate) async fn download(
    outbound: &Outbound,
    storage: &Storage,
    file: &FileToLoad,
    progress: &mut Progress<'_>,
) -> storage::Result<Downloaded> {
    progress.stage(Stage::Downloading).await;
    let mut bytes = match &file.source {
        FileSource::Hosted { url, auth } => {
            let fetched = outbound.fetch(url, auth.as_ref());
            match fetched.instrument(info_span!("fetch")).await {
                Ok(fetched) => {
                    progress.expect(fetched.announced());
                    FileBytes::Hosted(Box::new(fetched))
                }
                Err(failure) => return Ok(Downloaded::refused(failure)),
            }
        }
        FileSource::Sent(upload) => FileBytes::Sent(storage.pieces(*upload)),
    };
    let (sender, pieces) = mpsc::channel(PIECES);
    let key = file.key;
    let reading = task::spawn_blocking(move || read_rows(key, pieces));
    let transferred = transfer(&mut bytes, sender, progress)
        .instrument(info_span!("transfer"))
        .await;
    if transferred.is_ok() {
        progress.stage(Stage::Sorting).await;
    }
    let read = reading
        .await
        .map_err(|_| Error::Fault("the thread that reads rows died".to_owned()))?;
    match transferred {
        Ok(()) => Ok(read),
        // A broken transfer leaves the thread with a part of the file, about which nothing should be said.
        Err(Broken::Transfer(failure)) => Ok(Downloaded::refused(failure)),
        Err(Broken::Database(error)) => Err(error),
    }
}

/// Where the bytes come from.
enum FileBytes<'a> {
    Hosted(Box<Fetched>),
    Sent(BoxStream<'a, storage::Result<Bytes>>),
}

/// Why they end too early.
enum Broken {
    Transfer(LoadFailure),
    Database(Error),
}

impl FileBytes<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Hosted(fetched) => fetched.next_chunk().await.map_err(Broken::Transfer),
            Self::Sent(pieces) => pieces.try_next().await.map_err(Broken::Database),
        }
    }
}

/// Passes the body on, piece by piece. The thread stops listening when it refuses the file; it says why itself.
async fn transfer(
    bytes: &mut FileBytes<'_>,
    sender: mpsc::Sender<Option<Bytes>>,
    progress: &mut Progress<'_>,
) -> Result<(), Broken> {
    loop {
        let piece = bytes.next().await?;
        let bytes = piece.as_ref().map(Bytes::len);
        if sender.send(piece).await.is_err() {
            return Ok(());
        }
        match bytes {
            Some(bytes) => progress.read(bytes).await,
            None => return Ok(()),
        }
    }
}

/// `None` is the file's proper end; a channel that closes without it means that nobody wants the result.
fn read_rows(key: FingerprintKey, mut pieces: mpsc::Receiver<Option<Bytes>>) -> Downloaded {
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
    };
    Downloaded {
        counts,
        codes: outcome.map(|()| sorter.finish()),
    }
}
