//! Freeing the disk of codes that no longer exist.

use tokio::time::{Instant, sleep};

use crate::{Error, Result, Storage};

/// Blocks removed by one statement: some 16 MB of codes.
const BLOCKS_AT_ONCE: i64 = 2_000;
/// Returned codes withdrawn by one statement, which keeps the list's gate meanwhile.
const RETURNED_AT_ONCE: i32 = 2_000;

impl Storage {
    /// Removes the blocks of a list that lie beyond what its sealed files handed out, and cuts the one block that a
    /// seal goes through. Nobody reads there any more, so blocks need no lock and it may be done twice.
    pub async fn purge_list(&self, list_id: i64) -> Result<()> {
        self.withdraw_returned(list_id).await?;
        let files = sqlx::query!(
            r#"select file_id, coalesce(sealed_at, -1) as "sealed_at!", coalesce(codes_per_block, 1) as "codes_per_block!"
               from coupon_file
               where list_id = $1 and purged_at is null
                 and (sealed_at is not null or status = 'FAILED' or status = 'PENDING' and deleted_at is not null)"#,
            list_id,
        )
        .fetch_all(&self.pool)
        .await?;
        for file in files {
            let per_block = i64::from(file.codes_per_block);
            let kept = file.sealed_at + 1;
            let whole = i32::try_from(kept / per_block).map_err(|_| bad_block())?;
            let cut = i32::try_from(kept % per_block).map_err(|_| bad_block())?;
            self.remove_blocks(list_id, file.file_id, whole + i32::from(cut > 0))
                .await?;
            if cut > 0 {
                self.cut_block(list_id, file.file_id, whole, cut).await?;
            }
            self.note_purged(list_id, file.file_id, whole + i32::from(cut > 0))
                .await?;
        }
        Ok(())
    }

    /// Notes that the file's blocks from this number on are gone; an error if one is there.
    async fn note_purged(&self, list_id: i64, file_id: i64, from: i32) -> Result<()> {
        let noted = sqlx::query!(
            "update coupon_file f set purged_at = now()
             where f.list_id = $1 and f.file_id = $2
               and not exists (select from block b where b.list_id = $1 and b.file_id = $2 and b.number >= $3)",
            list_id,
            file_id,
            from,
        );
        match noted.execute(&self.bulk).await?.rows_affected() {
            1 => Ok(()),
            _ => Err(Error::Fault(
                "blocks of a sealed file were not removed".to_owned(),
            )),
        }
    }

    /// Removes what a load wrote after its file had been deleted or failed, should its worker have died before it did so
    /// itself. Looks at the files of the last two days, one after the other.
    pub async fn remove_orphaned_blocks(&self) -> Result<()> {
        let files = sqlx::query!(
            "select list_id, file_id from coupon_file
             where updated_at > now() - interval '2 days'
               and (status = 'FAILED' or status = 'PENDING' and deleted_at is not null)"
        );
        for file in files.fetch_all(&self.bulk).await? {
            self.remove_blocks(file.list_id, file.file_id, 0).await?;
        }
        Ok(())
    }

    /// Begins a purge for each list whose last one was given up; answers how many.
    pub async fn begin_purges_again(&self) -> Result<usize> {
        let lists = sqlx::query_scalar!(
            "select distinct list_id from coupon_file where sealed_at is not null and purged_at is null"
        );
        let lists = lists.fetch_all(&self.pool).await?;
        let without_purge = sqlx::query_scalar!(
            r#"select l.list_id as "list_id!" from unnest($1::bigint[]) l (list_id)
               where not exists (select from job j where j.list_id = l.list_id and j.kind = 'purge_list'
                                 and j.state in ('ready', 'running'))"#,
            &lists,
        );
        let mut begun = 0;
        for list_id in without_purge.fetch_all(&self.pool).await? {
            let again = sqlx::query_scalar!(r#"select begin_purge_again($1) as "begun!""#, list_id);
            begun += usize::from(again.fetch_one(&self.pool).await?);
        }
        Ok(begun)
    }

    /// Counts what was given back to sealed files, instead of keeping it.
    async fn withdraw_returned(&self, list_id: i64) -> Result<()> {
        loop {
            let some = sqlx::query_scalar!(
                r#"select withdraw_returned($1, $2) as "withdrawn!""#,
                list_id,
                RETURNED_AT_ONCE
            );
            if some.fetch_one(&self.bulk).await? < RETURNED_AT_ONCE {
                return Ok(());
            }
        }
    }

    async fn remove_blocks(&self, list_id: i64, file_id: i64, from: i32) -> Result<()> {
        loop {
            let begun = Instant::now();
            let removed = sqlx::query!(
                "delete from block where list_id = $1 and file_id = $2 and number in (
                     select number from block where list_id = $1 and file_id = $2 and number >= $3
                     order by number desc limit $4)",
                list_id,
                file_id,
                from,
                BLOCKS_AT_ONCE,
            )
            .execute(&self.bulk)
            .await?;
            if removed.rows_affected() < BLOCKS_AT_ONCE.unsigned_abs() {
                return Ok(());
            }
            // Nobody waits for the disk, but others for their codes: they get the database for as long as it worked for this.
            sleep(begun.elapsed()).await;
        }
    }

    async fn cut_block(&self, list_id: i64, file_id: i64, number: i32, codes: i32) -> Result<()> {
        sqlx::query!(
            "select cut_block($1, $2, $3, $4)",
            list_id,
            file_id,
            number,
            codes,
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}

fn bad_block() -> Error {
    Error::Fault("a file's seal cannot be read".to_owned())
}
