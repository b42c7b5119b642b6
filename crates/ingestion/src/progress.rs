//! How far a load has come, for whoever looks.

use std::time::{Duration, Instant};

use storage::{Claim, FileRef, Stage, Storage, TRACE};
use tracing::{Span, debug, info_span};

use crate::metrics::time_stage;

/// Each report is a write: often enough for a progress bar, and no more.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) struct Progress<'a> {
    storage: &'a Storage,
    claim: Claim,
    file: FileRef,
    bytes_read: u64,
    bytes_expected: Option<u64>,
    reported: Option<Instant>,
    /// The stage under way, since when, and its span.
    under_way: Option<(Stage, Instant, Span)>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(storage: &'a Storage, claim: Claim, file: FileRef) -> Self {
        Self {
            storage,
            claim,
            file,
            bytes_read: 0,
            bytes_expected: None,
            reported: None,
            under_way: None,
        }
    }

    /// What the host announced.
    pub(crate) fn expect(&mut self, bytes: Option<u64>) {
        self.bytes_expected = bytes;
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// All bytes are here already.
    pub(crate) fn fetched(&mut self, bytes: u64) {
        self.bytes_read = bytes;
        self.bytes_expected = Some(bytes);
    }

    pub(crate) async fn read(&mut self, bytes: usize) {
        self.bytes_read += bytes as u64;
        if self.reported.is_none_or(|last| last.elapsed() >= PAUSE) {
            self.stage(Stage::Downloading).await;
        }
    }

    /// A report that cannot be written is no reason to begin the load again.
    pub(crate) async fn stage(&mut self, stage: Stage) {
        self.begin(stage);
        self.reported = Some(Instant::now());
        let reported =
            self.storage
                .report_progress(self.claim, self.file, stage, self.bytes_read, self.bytes_expected);
        if let Err(error) = reported.await {
            debug!(%error, "progress not reported");
        }
    }

    fn begin(&mut self, stage: Stage) {
        if self
            .under_way
            .as_ref()
            .is_none_or(|(before, ..)| *before != stage)
        {
            self.end();
            let span = info_span!(target: TRACE, "stage", otel.name = stage.as_str());
            self.under_way = Some((stage, Instant::now(), span));
        }
    }

    fn end(&mut self) {
        if let Some((stage, since, _)) = self.under_way.take() {
            time_stage(stage, since.elapsed());
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}
