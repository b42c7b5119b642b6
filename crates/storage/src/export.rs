//! The codes that nobody has.

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{CodeStatus, ListRef, Result, Run, Storage, copy::BlockReader, runs::per_block};

const PIECE_BYTES: usize = 64 * 1024;

/// A file's codes beyond its cursor, and what is to be said of them.
struct FreeRun {
    run: Run,
    /// How many codes of it have been handed out.
    used: i64,
    status: CodeStatus,
    disabled: Vec<i64>,
}

impl Storage {
    /// Sends every code that was not handed out, as lines `code<TAB>status` in pieces of some kilobytes, file by file.
    /// The cursors are read first: a code that is handed out while the export runs may still be in it.
    pub async fn export_codes(&self, list: &ListRef, pieces: mpsc::Sender<Bytes>) -> Result<()> {
        let (free, given_back) = self.free_runs(list).await?;
        let mut piece = given_back;
        let runs: Vec<Run> = free.iter().map(|free| free.run).collect();
        if !runs.is_empty() {
            let first: Vec<i64> = free
                .iter()
                .map(|free| free.used / i64::from(free.run.codes_per_block.get()))
                .collect();
            let mut blocks = BlockReader::begin(&self.pool, list.list_id, &runs, &first).await?;
            while let Some((index, block)) = blocks.next().await? {
                if let Some(free) = free.get(index) {
                    free.append(&mut piece, block.number, &block.codes);
                }
                if piece.len() >= PIECE_BYTES && pieces.send(std::mem::take(&mut piece).into()).await.is_err()
                {
                    return Ok(());
                }
            }
        }
        // Nobody receives: nobody misses it.
        if !piece.is_empty() {
            _ = pieces.send(piece.into()).await;
        }
        Ok(())
    }

    async fn free_runs(&self, list: &ListRef) -> Result<(Vec<FreeRun>, Vec<u8>)> {
        let rows = sqlx::query!(
            r#"select f.file_id, f.added, f.codes_per_block as "codes_per_block!",
                      f.quarantined_at is not null as "quarantined!",
                      coalesce((select l.ordinal from ledger l where l.list_id = $1 and l.file_id = f.file_id
                                order by l.ordinal desc limit 1), -1) + 1 as "used!",
                      array(select d.ordinal from disabled d where d.list_id = $1 and d.file_id = f.file_id) as "disabled!"
               from coupon_file f join coupon_list c using (list_id)
               where f.list_id = $1 and f.status = 'SUCCESS' and f.sealed_at is null and f.added > 0
                 and c.status = 'ACTIVE' and c.expires_at > clock_timestamp()
               order by f.file_id"#,
            list.list_id,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut free = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| row.used < row.added) {
            free.push(FreeRun {
                run: Run {
                    file_id: row.file_id,
                    codes: row.added,
                    codes_per_block: per_block(row.codes_per_block)?,
                },
                used: row.used,
                status: if row.quarantined {
                    CodeStatus::Quarantined
                } else {
                    CodeStatus::Available
                },
                disabled: row.disabled,
            });
        }
        // Behind the cursors: few, and each with its text.
        let given_back = sqlx::query!(
            r#"select r.code as "code!", f.quarantined_at is not null as "quarantined!", false as "disabled!"
               from returned r join coupon_file f using (list_id, file_id)
               where r.list_id = $1 and f.sealed_at is null
               union all
               select d.code, false, true from disabled d where d.list_id = $1"#,
            list.list_id,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut lines = Vec::new();
        for row in given_back {
            let status = match (row.disabled, row.quarantined) {
                (true, _) => CodeStatus::Disabled,
                (false, true) => CodeStatus::Quarantined,
                (false, false) => CodeStatus::Available,
            };
            line(&mut lines, row.code.as_bytes(), status);
        }
        Ok((free, lines))
    }
}

impl FreeRun {
    fn append(&self, piece: &mut Vec<u8>, number: i32, codes: &[u8]) {
        let first = i64::from(number) * i64::from(self.run.codes_per_block.get());
        for (ordinal, code) in (first..self.run.codes).zip(codes.split(|byte| *byte == b'\n')) {
            // Disabled ones are among those with a text of their own.
            if ordinal >= self.used && !self.disabled.contains(&ordinal) {
                line(piece, code, self.status);
            }
        }
    }
}

/// No code has a tab or a line feed in it.
fn line(piece: &mut Vec<u8>, code: &[u8], status: CodeStatus) {
    piece.extend_from_slice(code);
    piece.push(b'\t');
    piece.extend_from_slice(status.as_str().as_bytes());
    piece.push(b'\n');
}
