//! What is stored: sizes, backups, jobs, gates.

use std::path::Path;

use storage::{ArchiverState, DatabaseSizes, Error, JobsState};

use super::{database::Examination, finding::Finding};
use crate::{config::Settings, dumps::size, private_postgres::PrivatePostgres};

/// At two thousand million PostgreSQL takes no more writes; autovacuum begins at two hundred million.
const AGE: i64 = 1_000_000_000;
/// Less free than either is a problem.
const FREE_BYTES: u64 = 2_000_000_000;
const FREE_PERCENT: u64 = 5;
const LOW_PERCENT: u64 = 15;
const DAY: i64 = 24 * 60 * 60;
/// A job that has been due for so long is nobody's.
const DUE_SECONDS: i64 = 5 * 60;
/// Kinds that wait where there is no relay.
const MAILS: [&str; 2] = ["send_mail", "send_invitation"];

pub(super) async fn look_at_sizes(examination: &mut Examination, settings: &Settings) -> Result<(), Error> {
    let sizes = examination.checkup.sizes().await;
    if let Some(sizes) = examination.note("size", sizes)? {
        examination.findings.extend(judge_sizes(&sizes));
    }
    let closed = examination.checkup.closed_tables().await;
    if let Some(closed) = examination.note("autovacuum_tables", closed)? {
        let names: Vec<&str> = closed.iter().map(|table| table.name.as_str()).collect();
        let what = if names.is_empty() {
            "it is switched off for no table".to_owned()
        } else {
            format!("it is switched off for {}", names.join(", "))
        };
        let finding = Finding::problem(
            "autovacuum_tables",
            what,
            "their removed rows stay on disk, and their statistics grow old",
            "alter table … reset (autovacuum_enabled)",
        );
        examination.findings.push(finding.unless(names.is_empty()));
    }
    if settings.database_url.is_none()
        && let Ok(directory) = PrivatePostgres::data_directory(settings.data_dir.as_deref())
    {
        examination.findings.push(look_at_disk(&directory));
    }
    Ok(())
}

fn judge_sizes(sizes: &DatabaseSizes) -> Vec<Finding> {
    let bytes = |bytes: i64| size(bytes.unsigned_abs());
    let tables: Vec<String> = sizes
        .tables
        .iter()
        .map(|table| format!("{} {}", table.name, bytes(table.bytes)))
        .collect();
    let what = format!(
        "{}; the largest tables: {}",
        bytes(sizes.bytes),
        tables.join(", ")
    );
    let oldest = sizes.transactions_age.max(sizes.multixacts_age);
    vec![
        Finding::fine("size", what),
        Finding::problem(
            "wraparound",
            format!(
                "the oldest row is {} million transactions old, of 2,000 million that it may be",
                oldest / 1_000_000
            ),
            "PostgreSQL takes no writes any more when it is too old",
            "find what keeps vacuum from working (old transactions, prepared ones, slots), and VACUUM FREEZE",
        )
        .unless(oldest < AGE),
    ]
}

fn look_at_disk(directory: &Path) -> Finding {
    match rustix::fs::statvfs(directory) {
        Ok(disk) => judge_disk(
            disk.f_bavail.saturating_mul(disk.f_frsize),
            disk.f_blocks.saturating_mul(disk.f_frsize),
        ),
        Err(error) => Finding::hint(
            "disk",
            format!("{} cannot be looked at: {error}", directory.display()),
            "a full disk stops every hand-out",
            "ask as the user of the server",
        ),
    }
}

fn judge_disk(free: u64, whole: u64) -> Finding {
    let percent = free.saturating_mul(100) / whole.max(1);
    let what = format!("{} free under the data directory, {percent} %", size(free));
    let why = "on a full disk every hand-out is answered 503, and PostgreSQL may have to recover";
    let change = "free or add space; docs/operations/incidents.md";
    if free < FREE_BYTES || percent < FREE_PERCENT {
        Finding::problem("disk", what, why, change)
    } else {
        Finding::hint("disk", what, why, change).unless(percent >= LOW_PERCENT)
    }
}

pub(super) async fn look_at_backups(examination: &mut Examination) -> Result<(), Error> {
    let settings = examination.checkup.settings().await;
    let archives = examination
        .note("backup", settings)?
        .is_some_and(|server| server.archive_mode);
    let archiver = examination.checkup.archiver().await;
    let archiver = examination.note("backup", archiver)?.filter(|_| archives);
    let dumped = examination.checkup.seconds_since_backup().await;
    if let Some(dumped) = examination.note("backup", dumped)? {
        examination
            .findings
            .push(judge_backups(archiver.as_ref(), dumped));
    }
    Ok(())
}

fn judge_backups(archiver: Option<&ArchiverState>, dumped: Option<i64>) -> Finding {
    const WHY: &str = "what is lost with the disk is who has which code: the codes would be handed out again";
    const CHANGE: &str =
        "couponry backup FILE each day, onto another machine; or archive the log: docs/operations/backups.md";
    let dump = dumped.map_or_else(
        || "no dump of couponry backup is known".to_owned(),
        |seconds| format!("the last dump of couponry backup is {} h old", seconds / 3600),
    );
    match archiver {
        Some(archiver) if archiver.fails => Finding::problem(
            "backup",
            "archiving the log fails",
            "no moment since then can be restored, and the log is kept until the disk is full",
            "see PostgreSQL's log for what archive_command says",
        ),
        Some(ArchiverState {
            seconds_since_success: Some(seconds),
            ..
        }) => Finding::fine("backup", format!("the log was archived {seconds} s ago; {dump}")),
        Some(_) => Finding::hint(
            "backup",
            "the log is to be archived, and never was yet",
            WHY,
            CHANGE,
        ),
        None => {
            Finding::hint("backup", dump, WHY, CHANGE).unless(dumped.is_some_and(|seconds| seconds < 2 * DAY))
        }
    }
}

pub(super) async fn look_at_jobs(examination: &mut Examination, has_relay: bool) -> Result<(), Error> {
    let jobs = examination.checkup.jobs().await;
    if let Some(jobs) = examination.note("jobs", jobs)? {
        examination.findings.extend(judge_jobs(&jobs, has_relay));
    }
    Ok(())
}

fn judge_jobs(jobs: &[JobsState], has_relay: bool) -> [Finding; 2] {
    let dead: Vec<String> = jobs
        .iter()
        .filter(|jobs| jobs.dead > 0)
        .map(|jobs| format!("{} of {}", jobs.dead, jobs.kind))
        .collect();
    let what = if dead.is_empty() {
        "none was given up".to_owned()
    } else {
        format!("given up: {}", dead.join(", "))
    };
    let given_up = Finding::problem(
        "dead_jobs",
        what,
        "a mail or callback did not go out, or a file, report or purge came to nothing",
        "select job_id, kind, ended_at, last_error from job where state = 'dead'; docs/JOBS.md says what follows for each kind",
    )
    .unless(dead.is_empty());
    let waits_for_relay = |jobs: &&JobsState| !has_relay && MAILS.contains(&jobs.kind.as_str());
    let mails: i64 = jobs.iter().filter(waits_for_relay).map(|jobs| jobs.due).sum();
    let others = jobs.iter().filter(|jobs| !waits_for_relay(jobs));
    let oldest = others.max_by_key(|jobs| jobs.oldest_due_seconds);
    let waiting = match oldest {
        Some(JobsState {
            kind,
            due,
            oldest_due_seconds: Some(seconds),
            ..
        }) if *seconds >= DUE_SECONDS => Finding::problem(
            "oldest_job",
            format!("{due} of {kind} are due, the oldest for {seconds} s"),
            "no process works on them, or too few",
            "see whether a process with COUPONRY_ROLE worker or all runs, and what it logs",
        ),
        _ if mails > 0 => Finding::hint(
            "oldest_job",
            format!("{mails} mails wait for a relay"),
            "after a week they are removed unsent",
            "set COUPONRY_SMTP_URL and COUPONRY_MAIL_FROM",
        ),
        _ => Finding::fine("oldest_job", "none has been due for long"),
    };
    [given_up, waiting]
}

pub(super) async fn look_at_gates(examination: &mut Examination) -> Result<(), Error> {
    let wrong = examination.checkup.wrong_gates().await;
    if let Some(wrong) = examination.note("gates", wrong)? {
        let what = if wrong.is_empty() {
            "each list's gate says what the tables say".to_owned()
        } else {
            format!(
                "the gate says something else than the tables do of the lists {}",
                wrong.join(", ")
            )
        };
        let finding = Finding::problem(
            "gates",
            what,
            "such a list may hand out nothing, or what it should not; it is a fault of couponry, or of who wrote into its tables",
            "select note_at_gate(list_id) from coupon_list where public_id = '\\x…'; and report it",
        );
        examination.findings.push(finding.unless(wrong.is_empty()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Level;

    #[test]
    fn a_full_disk_is_a_problem_before_it_is_full() {
        let level = |free: u64, whole: u64| judge_disk(free * 1_000_000_000, whole * 1_000_000_000).level;
        assert_eq!(level(1, 4), Level::Problem, "a small disk, one gigabyte left");
        assert_eq!(level(40, 1_000), Level::Problem, "4 %");
        assert_eq!(level(100, 1_000), Level::Hint, "10 %");
        assert_eq!(level(500, 1_000), Level::Fine);
    }

    #[test]
    fn old_rows_are_told_before_postgresql_stops() {
        let sizes = |age| DatabaseSizes {
            bytes: 1,
            transactions_age: age,
            multixacts_age: 5,
            tables: Vec::new(),
        };
        assert_eq!(judge_sizes(&sizes(AGE))[1].level, Level::Problem);
        assert_eq!(judge_sizes(&sizes(200_000_000))[1].level, Level::Fine);
    }

    #[test]
    fn backups_are_judged_by_what_can_be_known() {
        let archiver = |seconds_since_success, fails| ArchiverState {
            seconds_since_success,
            fails,
        };
        for (archiver, dumped, level) in [
            (None, None, Level::Hint),
            (None, Some(3 * DAY), Level::Hint),
            (None, Some(DAY), Level::Fine),
            (Some(archiver(Some(60), false)), None, Level::Fine),
            (Some(archiver(Some(60), true)), Some(1), Level::Problem),
            (Some(archiver(None, false)), None, Level::Hint),
        ] {
            assert_eq!(
                judge_backups(archiver.as_ref(), dumped).level,
                level,
                "{archiver:?} {dumped:?}"
            );
        }
    }

    #[test]
    fn mails_without_a_relay_wait_and_other_jobs_must_not() {
        let jobs = |kind: &str| JobsState {
            kind: kind.to_owned(),
            dead: 0,
            running: 0,
            due: 2,
            oldest_due_seconds: Some(DUE_SECONDS),
        };
        let level = |kind, has_relay| judge_jobs(&[jobs(kind)], has_relay)[1].level;
        assert_eq!(level("send_mail", false), Level::Hint);
        assert_eq!(level("send_mail", true), Level::Problem);
        assert_eq!(level("load_file", false), Level::Problem);
    }
}
