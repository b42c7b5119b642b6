//! Blocks in and out by PostgreSQL's binary `COPY`: the text form eats codes such as `\N` and is half as fast.

use std::fmt::Write as _;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use sqlx::{
    PgPool,
    pool::PoolConnection,
    postgres::{PgCopyIn, PgPoolCopyExt as _, Postgres},
};

use crate::{Error, Result, Run, block::Block, files::FileRef};

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How much is sent at once.
const SEND_BYTES: usize = 512 * 1024;

/// Writes the blocks of one file.
pub(crate) struct BlockWriter {
    copy: PgCopyIn<PoolConnection<Postgres>>,
    buffer: BytesMut,
    file: FileRef,
}

impl BlockWriter {
    pub(crate) async fn begin(pool: &PgPool, file: FileRef) -> Result<Self> {
        let copy = pool
            .copy_in_raw(
                "copy block (list_id, file_id, number, first_fingerprint, codes) from stdin (format binary)",
            )
            .await?;
        let mut buffer = BytesMut::with_capacity(SEND_BYTES + 16 * 1024);
        buffer.put_slice(HEADER);
        Ok(Self { copy, buffer, file })
    }

    pub(crate) async fn write(&mut self, block: &Block) -> Result<()> {
        let buffer = &mut self.buffer;
        buffer.put_i16(5);
        for key in [self.file.list_id, self.file.file_id] {
            buffer.put_i32(8);
            buffer.put_i64(key);
        }
        buffer.put_i32(4);
        buffer.put_i32(block.number);
        buffer.put_i32(8);
        buffer.put_i64(block.first_fingerprint);
        buffer.put_i32(i32::try_from(block.codes.len()).map_err(|_| too_long())?);
        buffer.put_slice(&block.codes);
        if buffer.len() >= SEND_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<()> {
        self.buffer.put_i16(-1);
        self.send().await?;
        self.copy.finish().await?;
        Ok(())
    }

    async fn send(&mut self) -> Result<()> {
        self.copy.send(self.buffer.as_ref()).await?;
        self.buffer.clear();
        Ok(())
    }
}

fn too_long() -> Error {
    Error::Fault("a block is too long".to_owned())
}

/// Reads the blocks of some runs of a list, in their order: `on_block(index of the run, number, codes)`.
pub(crate) async fn read_blocks(
    pool: &PgPool,
    list_id: i64,
    runs: &[Run],
    mut on_block: impl FnMut(usize, i32, &[u8]) + Send,
) -> Result<()> {
    let mut reader = BlockReader::begin(pool, list_id, runs).await?;
    while let Some((index, row)) = reader.next().await? {
        on_block(index, row.number, &row.codes);
    }
    Ok(())
}

/// The blocks of some runs, one at a time.
struct BlockReader {
    rows: BoxStream<'static, sqlx::Result<Bytes>>,
    buffer: BytesMut,
    header_seen: bool,
    /// The client's order is by index; the server's by file: this makes them one.
    by_file: Vec<(i64, usize)>,
}

impl BlockReader {
    async fn begin(pool: &PgPool, list_id: i64, runs: &[Run]) -> Result<Self> {
        let mut by_file: Vec<(i64, usize)> = runs
            .iter()
            .enumerate()
            .map(|(index, run)| (run.file_id, index))
            .collect();
        by_file.sort_unstable();
        Ok(Self {
            rows: pool.copy_out_raw(&select_blocks(list_id, runs)).await?,
            buffer: BytesMut::new(),
            header_seen: false,
            by_file,
        })
    }

    /// The next block, with the index of its run.
    async fn next(&mut self) -> Result<Option<(usize, BlockRow)>> {
        loop {
            if !self.header_seen && self.buffer.len() >= HEADER.len() {
                self.buffer.advance(HEADER.len());
                self.header_seen = true;
            }
            if self.header_seen
                && let Some(row) = take_row(&mut self.buffer)?
            {
                let place = self
                    .by_file
                    .binary_search_by_key(&row.file_id, |(file_id, _)| *file_id);
                let Some((_, index)) = place.ok().and_then(|place| self.by_file.get(place)) else {
                    return Err(Error::Fault("COPY answered a block of another file".to_owned()));
                };
                return Ok(Some((*index, row)));
            }
            match self.rows.try_next().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
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
    use super::*;

    #[test]
    fn a_row_is_read_only_when_it_is_whole() {
        let mut whole = BytesMut::new();
        whole.put_i16(3);
        whole.put_i32(8);
        whole.put_i64(7);
        whole.put_i32(4);
        whole.put_i32(2);
        whole.put_i32(3);
        whole.put_slice(b"a\nb");
        whole.put_i16(-1);
        for cut in 0..29 {
            let mut part = BytesMut::from(whole.get(..cut).unwrap());
            assert!(take_row(&mut part).unwrap().is_none(), "{cut}");
        }
        let row = take_row(&mut whole).unwrap().unwrap();
        assert_eq!((row.file_id, row.number, &row.codes[..]), (7, 2, &b"a\nb"[..]));
        assert!(take_row(&mut whole).unwrap().is_none());
    }
}
