//! The runs that a list's earlier files left: each its codes in the order of their fingerprints.

use std::num::NonZeroU32;

use domain::CodesPerBlock;

use crate::{Error, FileToLoad, Result, Storage, copy};

/// Refused codes read by one statement.
const REFUSED_AT_ONCE: i32 = 10_000;

/// The codes of one earlier file that still exist: all of them, or, once it was sealed, those up to its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub file_id: i64,
    pub codes: i64,
    pub codes_per_block: CodesPerBlock,
    /// The file is gone, or its list was for a while: what is left is what was handed out of it.
    pub is_sealed: bool,
}

impl Run {
    /// How many blocks hold them.
    pub fn blocks(&self) -> i64 {
        self.codes_per_block.block_of(self.codes - 1) + 1
    }
}

impl Storage {
    /// The runs a new file must be compared with, in the order [`Storage::stream_runs`] reads them. A code once handed
    /// out stays refused, so runs of deleted files and of a list's earlier lives are among them.
    pub async fn earlier_runs(&self, file: &FileToLoad) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            r#"select file_id, coalesce(sealed_at + 1, added) as "codes!", codes_per_block as "codes_per_block!",
                      sealed_at is not null as "is_sealed!"
               from coupon_file
               where list_id = $1 and status = 'SUCCESS' and coalesce(sealed_at + 1, added) > 0 and file_id <> $2
               order by file_id"#,
            file.file.list_id,
            file.file.file_id,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Run {
                    file_id: row.file_id,
                    codes: row.codes,
                    codes_per_block: per_block(row.codes_per_block)?,
                    is_sealed: row.is_sealed,
                })
            })
            .collect()
    }

    /// Reads runs on one connection, block by block, each run in ascending order of (fingerprint, bytes), runs in the
    /// order given: `on_block(index of the run, codes separated by line feeds)`. Memory stays at a few blocks. Call it
    /// for parts of the runs at once to use several connections.
    pub async fn stream_runs(
        &self,
        file: &FileToLoad,
        runs: &[Run],
        mut on_block: impl FnMut(usize, &[u8]) + Send,
    ) -> Result<()> {
        copy::read_blocks(&self.pool, file.file.list_id, runs, |run, number, codes| {
            let Some(found) = runs.get(run) else { return };
            // The block the seal cuts may still be whole on disk.
            let left = found.codes - i64::from(number) * i64::from(found.codes_per_block.get());
            on_block(run, first_codes(codes, left));
        })
        .await
    }

    /// Tells of each code that was disabled and whose file is gone, so that no run has it: it is refused all the same. To be
    /// asked after the runs have been read, since a file may go meanwhile.
    pub async fn refused_codes(&self, file: &FileToLoad, mut on_code: impl FnMut(&str)) -> Result<()> {
        let (mut after_file, mut after_ordinal) = (-1, -1);
        loop {
            let rows = sqlx::query!(
                r#"select file_id as "file_id!", ordinal as "ordinal!", code as "code!"
                   from refused_codes($1, $2, $3, $4)"#,
                file.file.list_id,
                after_file,
                after_ordinal,
                REFUSED_AT_ONCE,
            )
            .fetch_all(&self.pool)
            .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            (after_file, after_ordinal) = (last.file_id, last.ordinal);
            for row in &rows {
                on_code(&row.code);
            }
        }
    }

    /// Which of these codes (each with its fingerprint) the runs hold, by index into `codes`, ascending; by index
    /// probes, so the cost grows with `codes` times `runs` and not with the runs' size.
    pub async fn present_in_runs(
        &self,
        file: &FileToLoad,
        runs: &[Run],
        codes: &[(i64, &str)],
    ) -> Result<Vec<usize>> {
        let (fingerprints, texts): (Vec<i64>, Vec<&str>) = codes.iter().copied().unzip();
        let places = sqlx::query_scalar!(
            r#"select distinct n as "n!" from codes_in_runs($1, $2, $3, $4, $5, $6) order by 1"#,
            file.file.list_id,
            &runs.iter().map(|run| run.file_id).collect::<Vec<_>>(),
            &runs.iter().map(|run| run.codes).collect::<Vec<_>>(),
            &runs
                .iter()
                .map(|run| run.codes_per_block.get().cast_signed())
                .collect::<Vec<_>>(),
            &fingerprints,
            &texts as _,
        )
        .fetch_all(&self.bulk)
        .await?;
        places
            .into_iter()
            .map(|place| {
                usize::try_from(place - 1).map_err(|_| Error::Fault("codes_in_runs: bad place".to_owned()))
            })
            .collect()
    }
}

pub(crate) fn per_block(number: i32) -> Result<CodesPerBlock> {
    u32::try_from(number)
        .ok()
        .and_then(NonZeroU32::new)
        .map(CodesPerBlock::new)
        .ok_or_else(|| Error::Fault("a file's block size cannot be read".to_owned()))
}

/// The first `most` codes of a block's text.
fn first_codes(codes: &[u8], most: i64) -> &[u8] {
    let Ok(most) = usize::try_from(most) else {
        return &[];
    };
    let Some(last) = most.checked_sub(1) else {
        return &[];
    };
    let ends = codes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at);
    match ends.into_iter().nth(last) {
        Some(end) => codes.get(..end).unwrap_or(codes),
        None => codes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_block_shows_its_first_codes_only() {
        assert_eq!(first_codes(b"a\nb\nc", 0), b"");
        assert_eq!(first_codes(b"a\nb\nc", 1), b"a");
        assert_eq!(first_codes(b"a\nb\nc", 2), b"a\nb");
        assert_eq!(first_codes(b"a\nb\nc", 3), b"a\nb\nc");
        assert_eq!(first_codes(b"a\nb\nc", 9), b"a\nb\nc");
        assert_eq!(first_codes(b"a", -1), b"");
    }

    #[test]
    fn a_run_knows_its_blocks() {
        let run = |codes| Run {
            file_id: 1,
            codes,
            codes_per_block: per_block(607).unwrap(),
            is_sealed: false,
        };
        assert_eq!(run(607).blocks(), 1);
        assert_eq!(run(608).blocks(), 2);
    }
}
