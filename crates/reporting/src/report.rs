//! Building a usage report: rows stream out of the ledger, through CSV and gzip, into pieces that are kept. Memory stays
//! at a few pieces however many rows there are.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use jiff::tz::TimeZone;
use storage::{Error, ReportToBuild, Storage, UsageDecoder};
use tokio::{sync::mpsc, task};
use tracing::info;

use crate::usage::UsageCsv;

/// The documentation's limit.
const MOST_ROWS: u64 = 20_000_000;
/// A piece of the compressed stream, as it is kept.
const PIECE_BYTES: usize = 1024 * 1024;
/// Pieces of rows between the network and the thread that writes; each is some hundred kilobytes.
const WAITING_ROWS: usize = 8;
/// Pieces of the report between the thread and the database.
const WAITING_PIECES: usize = 2;

/// Builds usage reports, each for a list and a period.
#[derive(Debug, Clone)]
pub struct ReportBuilder {
    storage: Storage,
    zone: TimeZone,
    with_variations: bool,
}

/// What was written.
struct Written {
    rows: u64,
    bytes: u64,
    gzip_bytes: u64,
}

/// Why nothing was.
enum NotWritten {
    TooManyRows,
    /// Nobody takes the pieces any more: whoever did says why.
    Unwanted,
    Storage(Error),
}

impl ReportBuilder {
    pub fn new(storage: Storage, zone: TimeZone, with_variations: bool) -> Self {
        Self {
            storage,
            zone,
            with_variations,
        }
    }

    /// Brings a report to its end: ready, or failed with a reason. May be dropped at any point and begun again.
    ///
    /// # Errors
    /// If the database failed us: the report is still pending, and should be tried again.
    pub async fn build(&self, report: ReportToBuild) -> storage::Result<()> {
        if !self.storage.begin_report(&report).await? {
            info!("a report is another worker's");
            return Ok(());
        }
        let label = self.storage.report_label(&report).await?;
        let (to_thread, rows) = mpsc::channel(WAITING_ROWS);
        let (to_database, pieces) = mpsc::channel(WAITING_PIECES);
        let (zone, with_variations) = (self.zone.clone(), self.with_variations);
        let writing =
            task::spawn_blocking(move || write_report(rows, to_database, zone, label, with_variations));
        let (copied, kept) = tokio::join!(
            self.storage.copy_usage(&report, to_thread),
            self.keep(&report, pieces)
        );
        let written = writing
            .await
            .map_err(|_| Error::Fault("the thread that writes a report died".to_owned()))?;
        // Rows that ended too early look like the end to the thread.
        copied?;
        if !kept? {
            info!("a report is not built to its end: it was deleted, or its job is someone else's");
            return Ok(());
        }
        match written {
            Ok(Written {
                rows,
                bytes,
                gzip_bytes,
            }) => {
                info!(rows, bytes, "report built");
                self.storage
                    .finish_report(&report, rows, bytes, gzip_bytes)
                    .await?;
            }
            Err(NotWritten::TooManyRows) => {
                let reason = format!("the period has more than {MOST_ROWS} rows; ask for a shorter one");
                self.storage.fail_report(&report, &reason).await?;
            }
            Err(NotWritten::Storage(error)) => return Err(error),
            Err(NotWritten::Unwanted) => {
                return Err(Error::Fault("a report's pieces were not kept".to_owned()));
            }
        }
        Ok(())
    }

    /// False if nobody wants the report from this worker any more.
    async fn keep(
        &self,
        report: &ReportToBuild,
        mut pieces: mpsc::Receiver<Vec<u8>>,
    ) -> storage::Result<bool> {
        let mut number = 0;
        while let Some(piece) = pieces.recv().await {
            if !self.storage.keep_report_piece(report, number, &piece).await? {
                return Ok(false);
            }
            number += 1;
        }
        Ok(true)
    }
}

fn write_report(
    mut rows: mpsc::Receiver<Bytes>,
    pieces: mpsc::Sender<Vec<u8>>,
    zone: TimeZone,
    label: String,
    with_variations: bool,
) -> Result<Written, NotWritten> {
    let gzip = GzEncoder::new(Pieces::new(pieces), Compression::fast());
    let mut csv = UsageCsv::new(Counted::new(gzip), zone, label, with_variations)?;
    let mut decoder = UsageDecoder::default();
    let mut count = 0;
    while let Some(piece) = rows.blocking_recv() {
        decoder.feed(&piece, |row| {
            count += 1;
            if count > MOST_ROWS {
                return Err(NotWritten::TooManyRows);
            }
            csv.write(row).map_err(NotWritten::from)
        })?;
    }
    if !decoder.is_at_end() {
        return Err(Error::Fault("a report's rows ended before their end".to_owned()).into());
    }
    let Counted { inner, bytes } = csv.finish()?;
    let gzip_bytes = inner.finish()?.finish()?;
    Ok(Written {
        rows: count,
        bytes,
        gzip_bytes,
    })
}

impl From<Error> for NotWritten {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

/// Writing can fail in one way only: nobody takes what is written.
impl From<io::Error> for NotWritten {
    fn from(_: io::Error) -> Self {
        Self::Unwanted
    }
}

impl From<csv::Error> for NotWritten {
    fn from(_: csv::Error) -> Self {
        Self::Unwanted
    }
}

/// Counts what goes through.
struct Counted<W> {
    inner: W,
    bytes: u64,
}

impl<W> Counted<W> {
    fn new(inner: W) -> Self {
        Self { inner, bytes: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Passes on what is written in pieces of one size; the last may be smaller.
struct Pieces {
    piece: Vec<u8>,
    to: mpsc::Sender<Vec<u8>>,
    bytes: u64,
}

impl Pieces {
    fn new(to: mpsc::Sender<Vec<u8>>) -> Self {
        Self {
            piece: Vec::with_capacity(PIECE_BYTES),
            to,
            bytes: 0,
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        self.bytes += piece.len() as u64;
        self.to
            .blocking_send(piece)
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn finish(mut self) -> io::Result<u64> {
        self.pass_on()?;
        Ok(self.bytes)
    }
}

impl Write for Pieces {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES - self.piece.len();
        let fits = buffer.get(..room).unwrap_or(buffer);
        self.piece.extend_from_slice(fits);
        if self.piece.len() == PIECE_BYTES {
            self.pass_on()?;
        }
        Ok(fits.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
