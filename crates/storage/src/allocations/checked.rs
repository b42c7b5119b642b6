//! On which server a call may be made, and what is remembered of it.

use domain::Position;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Shared,
    group::Group,
    statement::{AllocateRow, Failure},
};
use crate::{
    Result,
    lineage::{LastAllocation, Word},
};

/// The server whose lineage was checked, if calls can ask for it.
pub(super) async fn checked_server(shared: &Shared, deadline: Instant) -> Result<Option<Timestamp>, Failure> {
    match shared.lineage.word(&shared.pool, deadline).await {
        Ok(Word::Go(server)) => Ok(server),
        Ok(Word::Paused) => Err(Failure::Paused),
        Err(error) => Err(Failure::NotMade(error)),
    }
}

/// The last allocation of a call, by which a restored backup is known.
pub(super) fn note_last(shared: &Shared, groups: &[Group], row: &AllocateRow) {
    let served = groups
        .iter()
        .zip(&row.served)
        .rev()
        .find(|(_, served)| **served > 0);
    if let (Some((group, _)), Some(&file_id), Some(&ordinal), Some(&turn)) =
        (served, row.files.last(), row.ordinals.last(), row.turns.last())
    {
        shared.lineage.note(LastAllocation {
            list_id: group.list.list_id,
            position: Position {
                file_id,
                ordinal,
                turn,
            },
            allocated_at: row.allocated_at.into(),
        });
    }
}
