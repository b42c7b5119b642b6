//! The rows of a usage report, straight from the ledger by PostgreSQL's binary `COPY`.

use bytes::{Buf as _, Bytes, BytesMut};
use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::sync::mpsc;

use crate::{Error, ReportToBuild, Result, Storage, copy};

/// The server sends a message a row; passed on in pieces of this size, they cost a fraction.
const PIECE_BYTES: usize = 128 * 1024;
const HEADER_BYTES: usize = 19;
const COLUMNS: usize = 10;
/// The rows come in the order of the ledger's key: a sort of twenty million of them would fill the disk.
const LEDGERS_ORDER: &str = "set local enable_sort = off;
                             set local enable_seqscan = off;
                             set local enable_bitmapscan = off;
                             set local max_parallel_workers_per_gather = 0";
/// PostgreSQL counts microseconds from the beginning of 2000.
const EPOCH_SECONDS: i64 = 946_684_800;

/// A code that went out and stayed out: who got it, for which campaign, as the sender told it.
#[derive(Clone, Copy, Default)]
pub struct UsageRow<'a> {
    pub code: &'a str,
    /// When the code's file was published.
    pub added_at: Timestamp,
    /// `None` once the person has been erased.
    pub user_id: Option<&'a str>,
    pub campaign_id: Option<&'a str>,
    pub campaign_name: Option<&'a str>,
    pub channel: Option<&'a str>,
    pub delivery_type: Option<&'a str>,
    pub campaign_sent_at: Option<Timestamp>,
    pub locale: Option<&'a str>,
    pub variation: Option<&'a str>,
}

/// Codes and people stay out of logs.
impl std::fmt::Debug for UsageRow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsageRow").finish_non_exhaustive()
    }
}

impl Storage {
    /// The label of the report's list.
    pub async fn report_label(&self, report: &ReportToBuild) -> Result<String> {
        let label = sqlx::query_scalar!("select label from coupon_list where list_id = $1", report.list_id);
        Ok(label.fetch_one(&self.pool).await?)
    }

    /// Sends the report's rows, in the order of file and ordinal, as pieces that [`UsageDecoder`] reads. One snapshot,
    /// on a connection of its own. Ends early when nobody receives any more.
    pub async fn copy_usage(&self, report: &ReportToBuild, pieces: mpsc::Sender<Bytes>) -> Result<()> {
        let period = sqlx::query!(
            r#"select (extract(epoch from from_at) * 1000000)::bigint as "from!",
                      (extract(epoch from until_at) * 1000000)::bigint as "until!"
               from usage_report where list_id = $1 and report_id = $2"#,
            report.list_id,
            report.report_id,
        )
        .fetch_one(&self.pool)
        .await?;
        let mut connection = self.report_connection(report).await?;
        let sql = select_usage(report.list_id, period.from, period.until);
        let mut rows = copy::copy_out(&mut connection, &sql, copy::SEARCH).await?;
        let mut piece = BytesMut::with_capacity(PIECE_BYTES + 4 * 1024);
        while let Some(row) = copy::next_piece(&mut rows, copy::SEARCH).await? {
            piece.extend_from_slice(&row);
            if piece.len() >= PIECE_BYTES && pieces.send(piece.split().freeze()).await.is_err() {
                return Ok(());
            }
        }
        // Nobody receives: nobody misses it.
        _ = pieces.send(piece.freeze()).await;
        drop(rows);
        copy::commit(connection).await
    }

    /// To the replica, if there is one, at the first try: one that ends a report half-way, because it has to replay what
    /// the report still reads, would do so again.
    async fn report_connection(&self, report: &ReportToBuild) -> Result<PgConnection> {
        if let Some(replica) = self.replica.as_ref().filter(|_| report.claim.attempt == 1)
            && let Some(mut connection) = replica.connect(&self.pool).await
        {
            match copy::begin(&mut connection, LEDGERS_ORDER).await {
                Ok(()) => return Ok(connection),
                Err(error) => replica.leave(&error.to_string()),
            }
        }
        copy::connection(&self.pool, LEDGERS_ORDER).await
    }
}

/// `COPY (select …)` takes no parameters. Only integers of ours go into the text, and only here.
fn select_usage(list_id: i64, from: i64, until: i64) -> String {
    let instant = |microseconds| format!("timestamptz 'epoch' + {microseconds} * interval '1 microsecond'");
    let (from, until) = (instant(from), instant(until));
    format!(
        "copy (
             select l.code, f.published_at, l.user_id, c.id, c.name, c.channel, c.delivery_type, l.campaign_sent_at, c.locale,
                    c.variation
             from ledger l
             join coupon_file f on f.list_id = {list_id} and f.file_id = l.file_id
             left join campaign c on c.list_id = {list_id} and c.campaign_key = l.campaign_key
             where l.list_id = {list_id} and l.allocated_at >= {from} and l.allocated_at < {until}
               and not exists (select from hold h where h.list_id = {list_id} and h.file_id = l.file_id
                               and h.ordinal = l.ordinal and h.turn = l.turn)
               and not exists (select from event e where e.list_id = {list_id} and e.file_id = l.file_id
                               and e.ordinal = l.ordinal and e.turn = l.turn and e.kind in ('RELEASED', 'DISABLED'))
             order by l.file_id, l.ordinal, l.turn
         ) to stdout (format binary)"
    )
}

/// Reads the pieces of [`Storage::copy_usage`], wherever they were cut.
#[derive(Debug, Default)]
pub struct UsageDecoder {
    rest: BytesMut,
    header_seen: bool,
}

impl UsageDecoder {
    /// Whether the rows have come to their end; where they have not, some are missing.
    pub fn is_at_end(&self) -> bool {
        self.header_seen && self.rest[..] == (-1_i16).to_be_bytes()
    }

    /// Calls `on_row` for each row that has come whole; ends with its first error.
    pub fn feed<E: From<Error>>(
        &mut self,
        piece: &[u8],
        mut on_row: impl FnMut(&UsageRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rest.extend_from_slice(piece);
        if !self.header_seen {
            if self.rest.len() < HEADER_BYTES {
                return Ok(());
            }
            self.rest.advance(HEADER_BYTES);
            self.header_seen = true;
        }
        let mut front = &self.rest[..];
        let mut used = 0;
        while let Some(columns) = take_row(&mut front)? {
            on_row(&read(columns)?)?;
            used = self.rest.len() - front.len();
        }
        self.rest.advance(used);
        Ok(())
    }
}

type Columns<'a> = [Option<&'a [u8]>; COLUMNS];

/// The next row, if it has come whole; `None` at the trailer too.
fn take_row<'a>(front: &mut &'a [u8]) -> Result<Option<Columns<'a>>> {
    let mut rest = *front;
    match rest.try_get_i16() {
        Err(_) | Ok(-1) => return Ok(None),
        Ok(count) if usize::try_from(count) == Ok(COLUMNS) => {}
        Ok(_) => return Err(unreadable()),
    }
    let mut columns = [None; COLUMNS];
    for column in &mut columns {
        let Ok(length) = rest.try_get_i32() else {
            return Ok(None);
        };
        // -1 is NULL.
        let Ok(length) = usize::try_from(length) else {
            continue;
        };
        let Some((value, after)) = rest.split_at_checked(length) else {
            return Ok(None);
        };
        (*column, rest) = (Some(value), after);
    }
    *front = rest;
    Ok(Some(columns))
}

fn read(columns: Columns<'_>) -> Result<UsageRow<'_>> {
    let [
        code,
        added_at,
        user_id,
        campaign_id,
        campaign_name,
        channel,
        delivery_type,
        sent_at,
        locale,
        variation,
    ] = columns;
    Ok(UsageRow {
        code: text(code)?.ok_or_else(unreadable)?,
        added_at: instant(added_at)?.ok_or_else(unreadable)?,
        user_id: text(user_id)?,
        campaign_id: text(campaign_id)?,
        campaign_name: text(campaign_name)?,
        channel: text(channel)?,
        delivery_type: text(delivery_type)?,
        campaign_sent_at: instant(sent_at)?,
        locale: text(locale)?,
        variation: text(variation)?,
    })
}

fn text(value: Option<&[u8]>) -> Result<Option<&str>> {
    value
        .map(std::str::from_utf8)
        .transpose()
        .map_err(|_| unreadable())
}

fn instant(value: Option<&[u8]>) -> Result<Option<Timestamp>> {
    let Some(mut value) = value else { return Ok(None) };
    let microseconds = value.try_get_i64().map_err(|_| unreadable())?;
    let since_1970 = microseconds.checked_add(EPOCH_SECONDS * 1_000_000);
    since_1970
        .and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok())
        .map(Some)
        .ok_or_else(unreadable)
}

fn unreadable() -> Error {
    Error::Fault("COPY answered an unexpected row".to_owned())
}
