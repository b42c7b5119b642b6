//! From a host to the load: what a fetch costs while its bytes come, or do not come, is a connection and a piece in
//! memory.

use std::sync::Arc;

use domain::{FingerprintKey, LoadFailure};
use storage::{FileToFetch, LoadCounts, Stage, Storage};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Duration, Instant, timeout_at},
};
use tracing::{Instrument as _, info, info_span};

use crate::{
    Loader, metrics,
    outbound::{Fetched, Outbound},
    pieces::{Piece, Pieces, ROOM},
    progress::Progress,
    reading::{Incoming, Reading},
};

/// Files whose rows are read while they are fetched; of the others, all pieces come first. A place for it is kept no longer
/// than [`QUICK`], and a file that finds none loses nothing but the time saved.
const READ_AHEAD: usize = 1;

/// How long a file may take to come and be in memory all the same.
const QUICK: Duration = Duration::from_secs(5);

/// Fetches files, each from its host to its load.
#[derive(Debug, Clone)]
pub struct Fetcher {
    storage: Storage,
    outbound: Outbound,
    loader: Loader,
    /// Places of the loads of this process: a file that is in memory takes one that is free.
    loads: Arc<Semaphore>,
    /// Places in memory for pieces.
    room: Arc<Semaphore>,
    /// Places of files that are read while they are fetched.
    ahead: Arc<Semaphore>,
}

/// A file that is here.
struct Here<'a> {
    pieces: Pieces<'a>,
    /// Begun with the first piece, if there was a place; gone if the pieces have left the memory.
    ahead: Option<Ahead>,
}

struct Ahead {
    reading: Reading,
    _place: OwnedSemaphorePermit,
}

impl Fetcher {
    pub fn new(storage: Storage, outbound: Outbound, loader: Loader, loads: Arc<Semaphore>) -> Self {
        Self {
            storage,
            outbound,
            loader,
            loads,
            room: Arc::new(Semaphore::new(ROOM)),
            ahead: Arc::new(Semaphore::new(READ_AHEAD)),
        }
    }

    /// Passes a file on to its load, or ends it with the reason why not. May be dropped at any point and begun again.
    ///
    /// # Errors
    /// If the database failed us: the file is still pending, and the fetch should be tried again.
    pub async fn fetch(&self, file: FileToFetch) -> storage::Result<()> {
        let span = info_span!(
            "fetch file",
            job = file.claim.job_id,
            attempt = file.claim.attempt
        );
        self.run(&file).instrument(span).await
    }

    async fn run(&self, file: &FileToFetch) -> storage::Result<()> {
        let started = Instant::now();
        self.storage.begin_fetch(file).await?;
        let mut progress = Progress::new(&self.storage, file.claim, file.file);
        progress.stage(Stage::Downloading).await;
        match self.bring(file, &mut progress).await? {
            Ok(here) => {
                progress.stage(Stage::Downloading).await;
                let (bytes, seconds) = (here.pieces.bytes(), started.elapsed().as_secs_f64());
                let in_memory = here.pieces.are_in_memory();
                info!(bytes, seconds, in_memory, "file fetched");
                self.pass_on(file, here).await
            }
            Err(failure) => {
                info!(reason = %failure, "file failed");
                self.storage.forget_fetched(file.claim, file.file).await?;
                let nothing = LoadCounts::default();
                self.storage.fail_load(file.claim, &failure, &nothing).await?;
                metrics::count_load("failed");
                Ok(())
            }
        }
    }

    /// To a load here and now, where the file is in memory, a place is free, and no other file of the list is being
    /// loaded; else to whoever has a place for it later.
    async fn pass_on(&self, file: &FileToFetch, here: Here<'_>) -> storage::Result<()> {
        let Here { mut pieces, ahead } = here;
        if pieces.are_in_memory()
            && let Ok(_place) = Arc::clone(&self.loads).try_acquire_owned()
            && let Some(to_load) = self.storage.begin_load(file).await?
        {
            let bytes = pieces.bytes();
            let incoming = match ahead {
                Some(ahead) => {
                    drop(pieces);
                    Incoming::Read(ahead.reading, bytes)
                }
                None => Incoming::Pieces(pieces.into_stream(), Some(bytes)),
            };
            return self.loader.load_incoming(to_load, incoming).await;
        }
        drop(ahead);
        let number = pieces.leave_memory().await?;
        self.storage
            .finish_fetch(file.claim, number, pieces.bytes())
            .await?;
        Ok(())
    }

    /// The next piece comes from the network while the one before it goes where it waits.
    async fn bring<'a>(
        &'a self,
        file: &'a FileToFetch,
        progress: &mut Progress<'_>,
    ) -> storage::Result<Result<Here<'a>, LoadFailure>> {
        let fetched = match self.outbound.fetch(&file.url, file.auth.as_ref()).await {
            Ok(fetched) => fetched,
            Err(failure) => return Ok(Err(failure)),
        };
        progress.expect(fetched.announced());
        let (sender, pieces) = mpsc::channel(1);
        let (received, kept) = tokio::join!(receive(fetched, sender, progress), self.collect(file, pieces));
        let kept = kept?;
        Ok(received.map(|()| kept))
    }

    fn read_ahead(&self, key: FingerprintKey) -> Option<Ahead> {
        let place = Arc::clone(&self.ahead).try_acquire_owned().ok()?;
        let reading = Reading::begin(key);
        Some(Ahead {
            reading,
            _place: place,
        })
    }

    /// Whoever is not quick leaves the memory to others.
    async fn collect<'a>(
        &'a self,
        file: &'a FileToFetch,
        mut received: mpsc::Receiver<Piece>,
    ) -> storage::Result<Here<'a>> {
        let quick = Instant::now() + QUICK;
        let mut pieces = Pieces::new(&self.storage, file, Arc::clone(&self.room));
        let mut ahead = None;
        loop {
            let next = if pieces.are_in_memory() && pieces.bytes() > 0 {
                timeout_at(quick, received.recv()).await
            } else {
                Ok(received.recv().await)
            };
            match next {
                Ok(Some(piece)) => {
                    let is_first = pieces.bytes() == 0;
                    match pieces.push(piece).await? {
                        Some(piece) => {
                            if is_first {
                                ahead = self.read_ahead(file.key);
                            }
                            if let Some(Ahead { reading, .. }) = &ahead {
                                // A refused file is fetched to its end all the same: the load says why.
                                reading.add(piece).await;
                            }
                        }
                        None => ahead = None,
                    }
                }
                Ok(None) => return Ok(Here { pieces, ahead }),
                Err(_) => {
                    ahead = None;
                    pieces.leave_memory().await?;
                }
            }
        }
    }
}

/// Passes the body on in pieces of one size; the last may be smaller. Ends early where nobody keeps them any more.
async fn receive(
    mut fetched: Fetched,
    to: mpsc::Sender<Piece>,
    progress: &mut Progress<'_>,
) -> Result<(), LoadFailure> {
    let mut piece = Piece::new()?;
    while let Some(chunk) = fetched.next_chunk().await? {
        progress.read(chunk.len()).await;
        let mut chunk = &chunk[..];
        while !chunk.is_empty() {
            chunk = piece.fill(chunk);
            if piece.is_full()
                && to
                    .send(std::mem::replace(&mut piece, Piece::new()?))
                    .await
                    .is_err()
            {
                return Ok(());
            }
        }
    }
    if !piece.is_empty() {
        to.send(piece).await.ok();
    }
    Ok(())
}
