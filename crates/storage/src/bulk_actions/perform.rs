//! Doing what was asked for, some hand-outs at a time.

use domain::{Position, PublicId};

use super::{BulkAction, BulkActionKind, BulkActionToPerform};
use crate::{Error, ListRef, Result, Storage, allocations::columns, lists::fingerprint_key};

/// Hand-outs changed by one statement, which keeps the list's gate meanwhile. Codes are disabled one by one, so fewer at once.
const AT_ONCE: usize = 1_000;
const DISABLED_AT_ONCE: usize = 100;

impl Storage {
    /// Does it to the end, from where whoever did it before has stopped. What is asked for of a person who has been erased, or
    /// is ended otherwise, is left where it is.
    pub async fn perform_bulk_action(&self, job: BulkActionToPerform) -> Result<()> {
        while let Some((list, action, after)) = self.bulk_action_to_perform(job).await? {
            let at_once = match action.kind {
                BulkActionKind::Confirm | BulkActionKind::Release => AT_ONCE,
                BulkActionKind::Disable => DISABLED_AT_ONCE,
            };
            let page = self.ledger_page(&list, &action.filter, after, at_once).await?;
            let Some(page) = page else {
                self.fail_bulk_action(job, "the file was deleted").await?;
                break;
            };
            let taken: Vec<Position> = page.hand_outs.iter().map(|one| one.allocation.position).collect();
            if !self.carry_on_bulk_action(job, &taken, page.next).await? || page.next.is_none() {
                break;
            }
        }
        // Whether or not the action was ended elsewhere; a job that is someone else's by now stays as it is.
        self.finish_job(job.claim).await?;
        Ok(())
    }

    /// The action as far as it has come; none if it has ended.
    async fn bulk_action_to_perform(
        &self,
        job: BulkActionToPerform,
    ) -> Result<Option<(ListRef, BulkAction, Option<Position>)>> {
        let row = sqlx::query!(
            r#"select b.public_id, c.public_id as list, c.workspace_id, c.fingerprint_key, b.after_file, b.after_ordinal,
                      b.after_turn
               from bulk_action b join coupon_list c using (list_id)
               where b.list_id = $1 and b.bulk_action_id = $2 and b.status = 'PENDING'"#,
            job.list_id,
            job.bulk_action_id,
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let id = |bytes: &[u8]| {
            PublicId::try_from(bytes).map_err(|_| Error::Fault("an id cannot be read".to_owned()))
        };
        let list = ListRef {
            workspace_id: row.workspace_id,
            list_id: job.list_id,
            public_id: id(&row.list)?,
            key: fingerprint_key(&row.fingerprint_key)?,
        };
        let action = self.bulk_action(&list, id(&row.public_id)?).await?;
        let after = match (row.after_file, row.after_ordinal, row.after_turn) {
            (Some(file_id), Some(ordinal), Some(turn)) => Some(Position {
                file_id,
                ordinal,
                turn,
            }),
            _ => None,
        };
        Ok(action.map(|action| (list, action, after)))
    }

    async fn fail_bulk_action(&self, job: BulkActionToPerform, why: &str) -> Result<()> {
        sqlx::query!(
            "select fail_bulk_action($1, $2, $3)",
            job.list_id,
            job.bulk_action_id,
            why,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(())
    }

    async fn carry_on_bulk_action(
        &self,
        job: BulkActionToPerform,
        taken: &[Position],
        next: Option<Position>,
    ) -> Result<bool> {
        let (files, ordinals, turns) = columns(taken);
        let carried_on = sqlx::query_scalar!(
            r#"select carry_on_bulk_action($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as "is_mine!""#,
            job.claim.job_id,
            job.claim.attempt,
            job.claim.owner,
            job.list_id,
            job.bulk_action_id,
            &files,
            &ordinals,
            &turns,
            next.map(|next| next.file_id),
            next.map(|next| next.ordinal),
            next.map(|next| next.turn),
        );
        Ok(carried_on.fetch_one(&self.bulk).await?)
    }
}
