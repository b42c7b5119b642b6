//! The recipe.

use std::{sync::Arc, time::Instant};

use domain::{CodesPerBlock, LoadFailure};
use storage::{FileToLoad, LoadCounts, LoadSource, PublishFileOutcome, Stage, Storage};
use tracing::{Instrument as _, info, info_span};

use crate::{
    blocking, comparison, metrics,
    progress::Progress,
    reading::{self, FileRead, Incoming},
    sorted::SortedCodes,
};

/// Loads files, each from where it waits into its list.
#[derive(Debug, Clone)]
pub struct Loader {
    storage: Storage,
    /// The most codes a list may hold.
    most_codes: i64,
}

impl Loader {
    pub fn new(storage: Storage, most_codes: i64) -> Self {
        Self { storage, most_codes }
    }

    /// Brings a file to its end: its codes in the list, or the reason why not in the file. May be dropped at any point
    /// and begun again.
    ///
    /// # Errors
    /// If the database failed us: the file is still pending, and the load should be tried again.
    pub async fn load(&self, file: FileToLoad) -> storage::Result<()> {
        let incoming = match file.source {
            LoadSource::Fetched(fetched)
                if self.storage.is_fetched(file.claim, file.file, fetched).await? =>
            {
                let pieces = self.storage.fetched_pieces(file.claim, file.file, fetched);
                Incoming::Pieces(pieces, Some(fetched.bytes()))
            }
            LoadSource::Fetched(_) | LoadSource::Unfetched => {
                info!(
                    job = file.claim.job_id,
                    "the file's pieces are gone; it will be fetched again"
                );
                return self.storage.fetch_again(file.claim).await;
            }
            LoadSource::Sent(upload) => Incoming::Pieces(self.storage.pieces(upload), None),
        };
        self.load_incoming(file, incoming).await
    }

    /// The same for a file that this process has fetched.
    pub(crate) async fn load_incoming(
        &self,
        file: FileToLoad,
        incoming: Incoming<'_>,
    ) -> storage::Result<()> {
        let span = info_span!("load file", job = file.claim.job_id, attempt = file.claim.attempt);
        let loading = self.read_and_store(Arc::new(file), incoming);
        loading.instrument(span).await
    }

    fn end(outcome: &'static str, added: u64, counts: &LoadCounts) {
        metrics::count_load(outcome);
        metrics::count_rows(added, counts.duplicates, counts.rejected);
    }

    async fn read_and_store(&self, file: Arc<FileToLoad>, incoming: Incoming<'_>) -> storage::Result<()> {
        let started = Instant::now();
        let mut progress = Progress::new(&self.storage, file.claim, file.file);
        let FileRead {
            counts,
            rejected_rows,
            codes,
        } = reading::read(incoming, file.key, &mut progress).await?;
        self.storage.keep_rejections(&file, &rejected_rows).await?;
        drop(rejected_rows);
        let ended = match codes {
            Ok(codes) => self.store(&file, codes, counts, &mut progress).await?,
            Err(failure) => self.fail(&file, &failure, &counts).await?,
        };
        match file.source {
            LoadSource::Fetched(_) => self.storage.forget_fetched(file.claim, file.file).await?,
            LoadSource::Sent(upload) => self.storage.forget_upload(upload).await?,
            LoadSource::Unfetched => {}
        }
        info!(ended, seconds = started.elapsed().as_secs_f64(), "load ended");
        Ok(())
    }

    async fn store(
        &self,
        file: &Arc<FileToLoad>,
        codes: SortedCodes,
        mut counts: LoadCounts,
        progress: &mut Progress<'_>,
    ) -> storage::Result<&'static str> {
        progress.stage(Stage::Comparing).await;
        let codes = Arc::new(codes);
        counts.duplicates_from_before = comparison::take_out_known(&self.storage, file, &codes).await?;
        let taken_out = codes.taken_out();
        let added = codes.len() - taken_out;
        counts.duplicates_in_file = codes.duplicates();
        counts.duplicates = codes.duplicates() + taken_out as u64;

        progress.stage(Stage::Storing).await;
        let codes_per_block = self.write(file, codes).await?;
        let outcome = self
            .storage
            .publish(file, added as u64, codes_per_block, &counts, self.most_codes)
            .await?;
        let failure = match outcome {
            PublishFileOutcome::Published => {
                let (duplicates, rejected) = (counts.duplicates, counts.rejected);
                if file.dry_run {
                    Self::end("dry_run", 0, &counts);
                    info!(would_add = added, duplicates, rejected, "file looked at");
                } else {
                    Self::end("published", added as u64, &counts);
                    info!(added, duplicates, rejected, "file published");
                }
                return Ok("SUCCESS");
            }
            PublishFileOutcome::Stale => {
                metrics::count_load("stale");
                return Ok("someone else's");
            }
            PublishFileOutcome::ListArchived => LoadFailure::ListArchived,
            PublishFileOutcome::ListExpired => LoadFailure::ListExpired,
            PublishFileOutcome::ListFull => LoadFailure::ListFull(self.most_codes),
        };
        Self::end("failed", 0, &counts);
        info!(reason = %failure, "file failed");
        Ok("FAILED")
    }

    /// Writes the codes, if they are to be published.
    async fn write(&self, file: &Arc<FileToLoad>, codes: Arc<SortedCodes>) -> storage::Result<CodesPerBlock> {
        let (storage, file) = (self.storage.clone(), Arc::clone(file));
        blocking::run(async move {
            let codes_per_block = codes.codes_per_block();
            if !file.dry_run {
                storage.write_blocks(&file, codes.blocks(codes_per_block)).await?;
            }
            Ok(codes_per_block)
        })
        .await?
    }

    async fn fail(
        &self,
        file: &FileToLoad,
        failure: &LoadFailure,
        counts: &LoadCounts,
    ) -> storage::Result<&'static str> {
        info!(reason = %failure, "file failed");
        let failed = self.storage.fail_load(file.claim, failure, counts).await?;
        if failed {
            Self::end("failed", 0, counts);
        } else {
            metrics::count_load("stale");
        }
        Ok(if failed { "FAILED" } else { "someone else's" })
    }
}
