//! The codes that nobody has.

use std::collections::VecDeque;

use crate::{CodeStatus, Error, ListRef, Result, Run, Storage, codes::runs::per_block};

/// How many blocks are read at once: about 2 MB.
const BLOCKS: i32 = 256;

/// A file's codes beyond its cursor, and what is to be said of them.
#[derive(Debug)]
struct FreeRun {
    run: Run,
    /// How many codes of it have been handed out.
    used: i64,
    status: CodeStatus,
    /// In order.
    disabled: Vec<i64>,
}

/// An export under way. It asks for the next piece only when it is told to: a client may take its time.
#[derive(Debug)]
pub struct Export {
    storage: Storage,
    list_id: i64,
    workspace_id: i64,
    behind_cursors: Vec<u8>,
    /// Each with the next block to be read of it.
    runs: VecDeque<(FreeRun, i32)>,
}

impl Storage {
    /// Every code that was not handed out. The cursors are read now: a code that is handed out while the export runs may
    /// still be in it.
    pub async fn export_codes(&self, list: &ListRef) -> Result<Export> {
        let runs = self.free_runs(list).await?;
        let behind_cursors = self.given_back(list).await?;
        Ok(Export {
            storage: self.clone(),
            list_id: list.list_id,
            workspace_id: list.workspace_id,
            behind_cursors,
            runs,
        })
    }

    async fn free_runs(&self, list: &ListRef) -> Result<VecDeque<(FreeRun, i32)>> {
        let rows = sqlx::query!(
            r#"select f.file_id, f.added, f.codes_per_block as "codes_per_block!",
                      f.quarantined_at is not null as "quarantined!",
                      coalesce((select l.ordinal from ledger l where l.list_id = $1 and l.file_id = f.file_id
                                order by l.ordinal desc limit 1), -1) + 1 as "used!",
                      array(select d.ordinal from disabled d where d.list_id = $1 and d.file_id = f.file_id
                            order by d.ordinal) as "disabled!"
               from coupon_file f join coupon_list c using (list_id)
               where f.list_id = $1 and f.status = 'SUCCESS' and f.sealed_at is null and f.added > 0
                 and c.status = 'ACTIVE' and c.expires_at > clock_timestamp()
               order by f.file_id"#,
            list.list_id,
        )
        .fetch_all(self.reading(list.workspace_id))
        .await?;
        let mut free = VecDeque::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| row.used < row.added) {
            let run = Run {
                file_id: row.file_id,
                codes: row.added,
                codes_per_block: per_block(row.codes_per_block)?,
                is_sealed: false,
            };
            let first = i32::try_from(run.codes_per_block.block_of(row.used))
                .map_err(|_| Error::Fault("a block's number is too high".to_owned()))?;
            let run = FreeRun {
                run,
                used: row.used,
                status: if row.quarantined {
                    CodeStatus::Quarantined
                } else {
                    CodeStatus::Available
                },
                disabled: row.disabled,
            };
            free.push_back((run, first));
        }
        Ok(free)
    }

    /// The lines of those behind the cursors: few, and each with its text.
    async fn given_back(&self, list: &ListRef) -> Result<Vec<u8>> {
        let given_back = sqlx::query!(
            r#"select r.code as "code!", f.quarantined_at is not null as "quarantined!", false as "disabled!"
               from returned r join coupon_file f using (list_id, file_id)
               where r.list_id = $1 and f.sealed_at is null
               union all
               -- A hold that ran out is a code given back, also before anyone has booked it so.
               select l.code, f.quarantined_at is not null, false
               from hold h join ledger l using (list_id, file_id, ordinal, turn)
               join coupon_file f using (list_id, file_id)
               where h.list_id = $1 and h.held_until <= clock_timestamp() and f.sealed_at is null
               union all
               select d.code, false, true from disabled d join coupon_file f using (list_id, file_id)
               where d.list_id = $1 and f.sealed_at is null"#,
            list.list_id,
        )
        .fetch_all(self.reading(list.workspace_id))
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
        Ok(lines)
    }
}

impl Export {
    /// Lines `code<TAB>status`, some megabytes at most; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut piece = std::mem::take(&mut self.behind_cursors);
        while piece.is_empty() {
            let Some((run, first)) = self.runs.front_mut() else {
                return Ok(None);
            };
            let blocks = sqlx::query!(
                r#"select number as "number!", codes as "codes!" from blocks_from($1, $2, $3, $4)"#,
                self.list_id,
                run.run.file_id,
                *first,
                BLOCKS,
            )
            .fetch_all(self.storage.reading(self.workspace_id))
            .await?;
            for block in &blocks {
                if block.number != *first {
                    return Err(missing(*first));
                }
                run.append(&mut piece, block.number, &block.codes);
                *first = block.number + 1;
            }
            if i64::from(*first) >= run.run.blocks() {
                self.runs.pop_front();
            } else if blocks.is_empty() {
                return Err(missing(*first));
            }
        }
        Ok(Some(piece))
    }
}

impl FreeRun {
    fn append(&self, piece: &mut Vec<u8>, number: i32, codes: &str) {
        let first = i64::from(number) * i64::from(self.run.codes_per_block.get());
        for (ordinal, code) in (first..self.run.codes).zip(codes.split('\n')) {
            // Disabled ones are among those with a text of their own.
            if ordinal >= self.used && self.disabled.binary_search(&ordinal).is_err() {
                line(piece, code.as_bytes(), self.status);
            }
        }
    }
}

/// The file was deleted, or its list archived, while its codes were read: what was sent is not the whole.
fn missing(block: i32) -> Error {
    Error::Fault(format!(
        "block {block} is gone: the list changed while it was exported"
    ))
}

/// No code has a tab or a line feed in it.
fn line(piece: &mut Vec<u8>, code: &[u8], status: CodeStatus) {
    piece.extend_from_slice(code);
    piece.push(b'\t');
    piece.extend_from_slice(status.as_str().as_bytes());
    piece.push(b'\n');
}
