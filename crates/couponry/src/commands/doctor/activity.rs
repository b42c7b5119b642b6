//! Who works on the primary, and who follows it.

use std::time::Duration;

use storage::{Error, FollowingReplica, OpenTransaction, ServerSettings};

use super::{database::Examination, finding::Finding};
use crate::dumps::size;

/// How much of the log a replication slot that nobody reads may keep.
const SLOT_BYTES: i64 = 1_000_000_000;

pub(super) async fn look(
    examination: &mut Examination,
    server: &ServerSettings,
    patience: Duration,
) -> Result<(), Error> {
    let open = examination.checkup.open_transactions(patience).await;
    if let Some(open) = examination.note("transactions", open)? {
        examination.findings.extend(judge_transactions(&open, patience));
    }
    let prepared = examination.checkup.oldest_prepared_transaction().await;
    if let Some(oldest) = examination.note("prepared_transactions", prepared)? {
        let seconds = oldest.unwrap_or_default();
        let finding = Finding::problem(
            "prepared_transactions",
            oldest.map_or_else(
                || "none is open".to_owned(),
                |seconds| format!("the oldest that is prepared and not ended is {seconds} s old"),
            ),
            "it keeps its locks, and all rows that were removed since, also over a restart; couponry makes none",
            "select gid, prepared, owner from pg_prepared_xacts; then ROLLBACK PREPARED 'gid', if it is nobody's",
        );
        let is_young = Duration::from_secs(seconds.unsigned_abs()) < patience;
        examination
            .findings
            .push(finding.unless(oldest.is_none() || is_young));
    }
    let following = examination.checkup.following_replicas().await;
    if let Some(following) = examination.note("replication", following)? {
        examination.findings.push(judge_replication(server, &following));
    }
    let slots = examination.checkup.left_slots().await;
    if let Some(slots) = examination.note("replication_slots", slots)? {
        examination.findings.push(judge_slots(&slots));
    }
    Ok(())
}

fn judge_transactions(open: &[OpenTransaction], patience: Duration) -> Vec<Finding> {
    if open.is_empty() {
        let what = format!("none is open for more than {} s", patience.as_secs());
        return vec![Finding::fine("transactions", what)];
    }
    let told = open.iter().map(|transaction| {
        let OpenTransaction {
            process,
            application,
            seconds,
            is_idle,
        } = transaction;
        if *is_idle {
            Finding::problem(
                "transactions",
                format!("the session {process} ({application}) is idle in a transaction that is {seconds} s old"),
                "it keeps its locks, perhaps a list's gate, and all rows that were removed since",
                format!("select pg_terminate_backend({process}), and find out who forgot it"),
            )
        } else {
            Finding::hint(
                "transactions",
                format!("the session {process} ({application}) has a transaction that is {seconds} s old"),
                "rows that were removed since stay on disk while it is open; a backup and a large report end by themselves",
                format!("if it is neither: select pg_terminate_backend({process})"),
            )
        }
    });
    told.collect()
}

fn judge_replication(server: &ServerSettings, following: &[FollowingReplica]) -> Finding {
    let names: Vec<String> = following
        .iter()
        .map(|replica| {
            let behind = size(replica.bytes_behind.unsigned_abs());
            format!("{} ({}, {behind} behind)", replica.name, replica.sync_state)
        })
        .collect();
    let is_synchronous =
        |replica: &FollowingReplica| matches!(replica.sync_state.as_str(), "sync" | "quorum");
    let has_synchronous = following.iter().any(is_synchronous);
    let waits = !server.synchronous_standby_names.is_empty();
    if waits && !has_synchronous {
        return Finding::problem(
            "replication",
            format!(
                "synchronous_standby_names is '{}', and no such replica follows",
                server.synchronous_standby_names
            ),
            "every commit waits for one, so every hand-out is answered 503",
            "bring the replica back; or, giving up what it is there for, alter system set synchronous_standby_names = ''",
        );
    }
    if following.is_empty() {
        return Finding::fine("replication", "no replica follows");
    }
    Finding::hint(
        "replication",
        format!("replicas follow: {}", names.join(", ")),
        "none of them is synchronous: one that takes over after a failure may lack the last hand-outs, and hand their codes \
         out again",
        "if one of them is to take over: alter system set synchronous_standby_names = 'ANY 1 (…)'; docs/operations/failover.md \
         says what it costs",
    )
    .unless(has_synchronous)
}

fn judge_slots(slots: &[(String, i64)]) -> Finding {
    let kept: Vec<String> = slots
        .iter()
        .map(|(name, bytes)| format!("{name} ({})", size(bytes.unsigned_abs())))
        .collect();
    let what = if kept.is_empty() {
        "none is without a reader".to_owned()
    } else {
        format!("nobody reads from {}", kept.join(", "))
    };
    Finding::problem(
        "replication_slots",
        what,
        "the log is kept for them until the disk is full",
        "let the replica come back, or select pg_drop_replication_slot('…')",
    )
    .unless(slots.iter().all(|(_, bytes)| *bytes < SLOT_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Level;

    #[test]
    fn a_slot_that_keeps_much_is_a_problem_and_a_small_one_is_not() {
        let slots = |bytes| judge_slots(&[("left".to_owned(), bytes)]).level;
        assert_eq!(slots(SLOT_BYTES), Level::Problem);
        assert_eq!(slots(5), Level::Fine);
    }
}
