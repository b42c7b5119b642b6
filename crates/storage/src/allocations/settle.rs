//! Hand-outs that last, and hand-outs that are given back.

use domain::Position;

use crate::{ListRef, Result, Storage};

/// Hand-outs changed by one statement, which keeps the list's gate meanwhile: some tens of milliseconds.
const HAND_OUTS_AT_ONCE: usize = 1_000;

/// What became of a hold that was to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "confirm_outcome", rename_all = "kebab-case")]
pub enum ConfirmOutcome {
    /// It lasts: by this call or before, or it never was a hold.
    Confirmed,
    /// It was given back, or ran out, or its code was disabled.
    Released,
    /// There is no such hand-out.
    Unknown,
}

/// What became of a hand-out that was to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "release_outcome", rename_all = "kebab-case")]
pub enum ReleaseOutcome {
    /// It is back in the pool, by this call or before.
    Released,
    /// It was redeemed and stays.
    Redeemed,
    /// Its code was disabled and stays out of the pool.
    Disabled,
    /// There is no such hand-out.
    Unknown,
}

impl Storage {
    /// Makes holds last, each answered at its index. Idempotent; many are confirmed in parts, so after an error some may
    /// be.
    pub async fn confirm(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<ConfirmOutcome>> {
        let mut confirmed = Vec::with_capacity(positions.len());
        for some in positions.chunks(HAND_OUTS_AT_ONCE) {
            confirmed.extend(self.confirm_some(list, some).await?);
        }
        Ok(confirmed)
    }

    async fn confirm_some(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<ConfirmOutcome>> {
        let (files, ordinals, turns) = columns(positions);
        let outcomes = sqlx::query_scalar!(
            r#"select outcome as "outcome!" from confirm($1, $2, $3, $4) order by n"#,
            list.list_id,
            &files,
            &ordinals,
            &turns,
        );
        Ok(outcomes.fetch_all(self.pool.of(list.workspace_id)).await?)
    }

    /// Gives hand-outs back to the pool, each answered at its index. Idempotent; many are given back in parts, so after an
    /// error some may be.
    pub async fn release(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<ReleaseOutcome>> {
        let mut released = Vec::with_capacity(positions.len());
        for some in positions.chunks(HAND_OUTS_AT_ONCE) {
            released.extend(self.release_some(list, some).await?);
        }
        Ok(released)
    }

    async fn release_some(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<ReleaseOutcome>> {
        let (files, ordinals, turns) = columns(positions);
        let outcomes = sqlx::query_scalar!(
            r#"select outcome as "outcome!" from release($1, $2, $3, $4) order by n"#,
            list.list_id,
            &files,
            &ordinals,
            &turns,
        );
        Ok(outcomes.fetch_all(self.pool.of(list.workspace_id)).await?)
    }
}

/// Positions as the arrays that the functions take.
pub(crate) fn columns(positions: &[Position]) -> (Vec<i64>, Vec<i64>, Vec<i32>) {
    let files = positions.iter().map(|position| position.file_id).collect();
    let ordinals = positions.iter().map(|position| position.ordinal).collect();
    let turns = positions.iter().map(|position| position.turn).collect();
    (files, ordinals, turns)
}
