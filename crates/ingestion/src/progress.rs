//! How far a load has come, for whoever looks.

use std::time::{Duration, Instant};

use storage::{FileToLoad, Stage, Storage};

/// Each report is a write: often enough for a progress bar, and no more.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) struct Progress<'a> {
    storage: &'a Storage,
    file: &'a FileToLoad,
    bytes_read: u64,
    bytes_expected: Option<u64>,
    reported: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(storage: &'a Storage, file: &'a FileToLoad) -> Self {
        Self {
            storage,
            file,
            bytes_read: 0,
            bytes_expected: None,
            reported: None,
        }
    }

    /// What the host announced.
    pub(crate) fn expect(&mut self, bytes: Option<u64>) {
        self.bytes_expected = bytes;
    }

    pub(crate) async fn read(&mut self, bytes: usize) -> storage::Result<()> {
        self.bytes_read += bytes as u64;
        match self.reported {
            Some(last) if last.elapsed() < PAUSE => Ok(()),
            _ => self.stage(Stage::Downloading).await,
        }
    }

    pub(crate) async fn stage(&mut self, stage: Stage) -> storage::Result<()> {
        self.reported = Some(Instant::now());
        self.storage
            .report_progress(self.file, stage, self.bytes_read, self.bytes_expected)
            .await
    }
}
