//! The read replica of `COUPONRY_DATABASE_READ_URL`.

use std::time::Duration;

use secrecy::SecretString;
use storage::{Checkup, Error, ReplicaState};
use tokio::time::{Instant, sleep};

use super::{database::Examination, finding::Finding};
use crate::dumps::size;

const CHECK: &str = "read_replica";
/// One that follows has caught up long before.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// # Errors
/// If the primary does not answer any more.
pub(super) async fn look(examination: &mut Examination, url: &SecretString) -> Result<(), Error> {
    let log_end = examination.checkup.log_end().await;
    let Some(log_end) = examination.note(CHECK, log_end)? else {
        return Ok(());
    };
    examination.findings.push(match follow(url, &log_end).await {
        Ok(replica) => judge(&replica),
        Err(error) => Finding::problem(
            CHECK,
            format!("it does not answer: {error}"),
            "reports, exports and stocks are read on the primary instead",
            "see to the replica, or remove COUPONRY_DATABASE_READ_URL",
        ),
    });
    Ok(())
}

/// Until it has what the primary had, or for as long as one that follows would take.
async fn follow(url: &SecretString, log_end: &(String, i64)) -> storage::Result<ReplicaState> {
    let mut checkup = Checkup::begin(url).await?;
    let give_up = Instant::now() + PATIENCE;
    loop {
        let replica = checkup.replica(log_end).await?;
        if replica.bytes_behind <= 0 || !replica.is_in_recovery || Instant::now() > give_up {
            return Ok(replica);
        }
        sleep(PAUSE).await;
    }
}

fn judge(replica: &ReplicaState) -> Finding {
    if !replica.is_in_recovery || !replica.is_of_this_primary {
        return Finding::problem(
            CHECK,
            "COUPONRY_DATABASE_READ_URL leads to no replica of this database",
            "it is never asked, and the primary has all the work",
            "let it name a streaming replica; after a failover set both URLs anew",
        );
    }
    if replica.bytes_behind > 0 {
        let paused = if replica.is_paused {
            ", since replay is paused"
        } else {
            ""
        };
        let behind = size(replica.bytes_behind.unsigned_abs());
        return Finding::problem(
            CHECK,
            format!(
                "it is {behind} of the log behind, after {} s{paused}",
                PATIENCE.as_secs()
            ),
            "what is not there yet is read on the primary instead",
            "select pg_wal_replay_resume() there, if it is paused; else see its log, its disk and the network",
        );
    }
    Finding::hint(
        CHECK,
        format!(
            "it has everything; hot_standby_feedback is {}",
            if replica.hot_standby_feedback { "on" } else { "off" }
        ),
        "a long report there is ended when the primary removes rows that it still reads",
        "on the replica: alter system set hot_standby_feedback = on; select pg_reload_conf()",
    )
    .unless(replica.hot_standby_feedback)
}
