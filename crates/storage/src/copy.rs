//! Blocks in and out by PostgreSQL's binary `COPY`: the text form eats codes such as `\N` and is half as fast.
//!
//! A `COPY` has a connection of its own that is closed when the caller goes or an answer does not come. sqlx does not
//! count what a `COPY` that is not read to its end leaves on its connection, so a pool's next statements would take that
//! for their own answers (docs/decisions/0016-a-statement-a-loan.md). That everything came is counted, never supposed.

mod session;

use std::{fmt::Write as _, time::Duration};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, PgConnection};

pub(crate) use self::session::{begin, commit, connection};
use self::session::{in_time, within};
use crate::{Block, Error, FileRef, FileToLoad, Result, Run, pool::Pool};

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What follows the last row.
const TRAILER: &[u8] = &(-1_i16).to_be_bytes();
/// How much is sent at once.
const SEND_BYTES: usize = 512 * 1024;
/// How long one step may take: connecting, the next bytes, the end. A lock on the table makes the first ones wait.
const STEP: Duration = Duration::from_secs(30);
/// And the next rows of many, most of which are left out: as long as the server lets all of it take, and its word that it
/// was too long.
pub(crate) const SEARCH: Duration = Duration::from_secs(10 * 60 + 30);

/// Writes the blocks of one file, in a session that says for which job: `remove_unpublished()` ends those of its former workers.
#[expect(clippy::disallowed_methods, reason = "on a connection of its own")]
pub(crate) async fn write_blocks(
    pool: &Pool,
    file: &FileToLoad,
    blocks: impl Iterator<Item = Block> + Send,
) -> Result<()> {
    let mut connection = connection(pool, "").await?;
    let name = format!(
        "set local application_name = 'couponry load {}'",
        file.claim.job_id
    );
    in_time(sqlx::raw_sql(AssertSqlSafe(name)).execute(&mut connection)).await?;
    let copy = connection.copy_in_raw(
        "copy block (list_id, file_id, number, first_fingerprint, codes) from stdin (format binary)",
    );
    let mut copy = in_time(copy).await?;
    let mut buffer = BytesMut::with_capacity(SEND_BYTES + 16 * 1024);
    buffer.put_slice(HEADER);
    let mut sent = 0_u64;
    for block in blocks {
        put_block(&mut buffer, file.file, &block)?;
        sent += 1;
        if buffer.len() >= SEND_BYTES {
            in_time(copy.send(buffer.as_ref())).await?;
            buffer.clear();
        }
    }
    buffer.put_slice(TRAILER);
    in_time(copy.send(buffer.as_ref())).await?;
    let stored = in_time(copy.finish()).await?;
    if stored != sent {
        return Err(Error::Fault(format!("COPY stored {stored} blocks of {sent}")));
    }
    commit(connection).await
}

fn put_block(buffer: &mut BytesMut, file: FileRef, block: &Block) -> Result<()> {
    buffer.put_i16(5);
    for key in [file.list_id, file.file_id] {
        buffer.put_i32(8);
        buffer.put_i64(key);
    }
    buffer.put_i32(4);
    buffer.put_i32(block.number);
    buffer.put_i32(8);
    buffer.put_i64(block.first_fingerprint);
    buffer.put_i32(i32::try_from(block.codes.len()).map_err(|_| too_long())?);
    buffer.put_slice(&block.codes);
    Ok(())
}

fn too_long() -> Error {
    Error::Fault("a block is too long".to_owned())
}

/// Reads the blocks of some runs of a list, in their order: `on_block(index of the run, number, codes)`. Every block of
/// every run, or an error.
pub(crate) async fn read_blocks(
    pool: &Pool,
    list_id: i64,
    runs: &[Run],
    mut on_block: impl FnMut(usize, i32, &[u8]) + Send,
) -> Result<()> {
    let mut by_file: Vec<(i64, usize)> = (runs.iter().enumerate())
        .map(|(index, run)| (run.file_id, index))
        .collect();
    by_file.sort_unstable();
    let mut read = vec![0_i64; runs.len()];
    let mut connection = connection(pool, "").await?;
    let mut pieces = Pieces::new(copy_out(&mut connection, &select_blocks(list_id, runs), STEP).await?);
    while let Some(row) = pieces.next_row(take_row).await? {
        let place = by_file.binary_search_by_key(&row.file_id, |(file_id, _)| *file_id);
        let index = place
            .ok()
            .and_then(|place| by_file.get(place))
            .map(|(_, index)| *index);
        let (Some(index), Some(blocks)) = (index, index.and_then(|index| read.get_mut(index))) else {
            return Err(Error::Fault("COPY answered a block of another file".to_owned()));
        };
        if i64::from(row.number) != *blocks {
            return Err(Error::Fault(format!("COPY left out block {blocks} of a file")));
        }
        *blocks += 1;
        on_block(index, row.number, &row.codes);
    }
    for (run, blocks) in runs.iter().zip(read) {
        if run.blocks() != blocks {
            return Err(Error::Fault(format!(
                "COPY answered {blocks} blocks of {}",
                run.blocks()
            )));
        }
    }
    drop(pieces);
    commit(connection).await
}

/// What a `COPY … TO STDOUT` answers, in the pieces that the server sends.
#[expect(clippy::disallowed_methods, reason = "on a connection of the caller's own")]
pub(crate) async fn copy_out<'c>(
    connection: &'c mut PgConnection,
    sql: &str,
    limit: Duration,
) -> Result<impl Stream<Item = sqlx::Result<Bytes>> + Send + Unpin + use<'c>> {
    within(limit, connection.copy_out_raw(sql)).await
}

/// The next piece of a `COPY`, or its end.
pub(crate) async fn next_piece(
    pieces: &mut (impl Stream<Item = sqlx::Result<Bytes>> + Send + Unpin),
    limit: Duration,
) -> Result<Option<Bytes>> {
    within(limit, pieces.try_next()).await
}

/// The rows of a `COPY`, wherever it was cut into pieces.
struct Pieces<S> {
    coming: S,
    buffer: BytesMut,
    header_seen: bool,
}

impl<S: Stream<Item = sqlx::Result<Bytes>> + Send + Unpin> Pieces<S> {
    fn new(pieces: S) -> Self {
        Self {
            coming: pieces,
            buffer: BytesMut::new(),
            header_seen: false,
        }
    }

    /// `take` takes a row out of the buffer if one has come whole. The end is where the trailer is, and nowhere else.
    async fn next_row<T>(&mut self, take: impl Fn(&mut BytesMut) -> Result<Option<T>>) -> Result<Option<T>> {
        loop {
            if !self.header_seen && self.buffer.len() >= HEADER.len() {
                self.buffer.advance(HEADER.len());
                self.header_seen = true;
            }
            if self.header_seen
                && let Some(row) = take(&mut self.buffer)?
            {
                return Ok(Some(row));
            }
            match next_piece(&mut self.coming, STEP).await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.header_seen && self.buffer == TRAILER => return Ok(None),
                None => return Err(Error::Fault("COPY ended before its end".to_owned())),
            }
        }
    }
}

/// `COPY (select …)` takes no parameters. Only integers of ours go into the text, and only here.
fn select_blocks(list_id: i64, runs: &[Run]) -> String {
    let mut sql =
        format!("copy (select file_id, number, codes from block where list_id = {list_id} and (false");
    for run in runs {
        // Writing to a String cannot fail.
        _ = write!(sql, " or file_id = {} and number < {}", run.file_id, run.blocks());
    }
    sql.push_str(") order by file_id, number) to stdout (format binary)");
    sql
}

struct BlockRow {
    file_id: i64,
    number: i32,
    codes: BytesMut,
}

/// The next whole row, if it has come; `None` at the trailer too.
fn take_row(buffer: &mut BytesMut) -> Result<Option<BlockRow>> {
    // Field count (2), file_id (4 + 8), number (4 + 4), length of the codes (4).
    const FIXED: usize = 26;
    let mut front = &buffer[..];
    if front.remaining() < FIXED || front.get_i16() == -1 {
        return Ok(None);
    }
    let (file_len, file_id) = (front.get_i32(), front.get_i64());
    let (number_len, number) = (front.get_i32(), front.get_i32());
    if (file_len, number_len) != (8, 4) {
        return Err(Error::Fault("COPY answered an unexpected row".to_owned()));
    }
    let length = usize::try_from(front.get_i32()).map_err(|_| too_long())?;
    if front.remaining() < length {
        return Ok(None);
    }
    buffer.advance(FIXED);
    Ok(Some(BlockRow {
        file_id,
        number,
        codes: buffer.split_to(length),
    }))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn one_row() -> BytesMut {
        let mut whole = BytesMut::new();
        whole.put_i16(3);
        whole.put_i32(8);
        whole.put_i64(7);
        whole.put_i32(4);
        whole.put_i32(2);
        whole.put_i32(3);
        whole.put_slice(b"a\nb");
        whole.put_slice(TRAILER);
        whole
    }

    #[test]
    fn a_row_is_read_only_when_it_is_whole() {
        let mut whole = one_row();
        for cut in 0..29 {
            let mut part = BytesMut::from(whole.get(..cut).unwrap());
            assert!(take_row(&mut part).unwrap().is_none(), "{cut}");
        }
        let row = take_row(&mut whole).unwrap().unwrap();
        assert_eq!((row.file_id, row.number, &row.codes[..]), (7, 2, &b"a\nb"[..]));
        assert!(take_row(&mut whole).unwrap().is_none());
    }

    #[tokio::test]
    async fn only_the_trailer_is_an_end() {
        let whole = [HEADER, &one_row()].concat();
        for cut in 0..=whole.len() {
            let piece = Bytes::copy_from_slice(whole.get(..cut).unwrap());
            let mut pieces = Pieces::new(stream::iter([Ok(piece)]));
            let rows = async {
                while pieces.next_row(take_row).await?.is_some() {}
                Ok::<_, Error>(())
            };
            assert_eq!(rows.await.is_ok(), cut == whole.len(), "{cut}");
        }
    }
}
