//! Two that change the same file, job or report at once wait for each other in one order: whoever comes second waits,
//! and nobody is thrown out by a deadlock.

use std::{cell::Cell, time::Duration};

use domain::LoadFailure;
use sqlx::{Connection as _, PgConnection};
use storage::{FileToLoad, Job, JobKind, LoadCounts, ReportToBuild, Result, Storage};

use crate::database::{LEASE, TestDatabase, user};

/// What may happen to a file while it loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfFile {
    Delete,
    Archive,
    Expire,
    Fail,
    Publish,
    Retry,
    GiveUp,
    HandOver,
    Rescue,
}

const OF_FILE: [OfFile; 9] = [
    OfFile::Delete,
    OfFile::Archive,
    OfFile::Expire,
    OfFile::Fail,
    OfFile::Publish,
    OfFile::Retry,
    OfFile::GiveUp,
    OfFile::HandOver,
    OfFile::Rescue,
];

impl OfFile {
    async fn run(self, database: &TestDatabase, storage: &Storage, file: &FileToLoad) -> Result<()> {
        let counts = LoadCounts::default();
        match self {
            Self::Delete => {
                let files = storage.files(&database.list, storage::Page::default()).await?;
                storage.delete_file(&database.list, files[0].public_id).await?;
            }
            Self::Archive => storage.archive_list(&database.list).await?,
            Self::Expire => _ = storage.expire_due_lists().await?,
            Self::Fail => {
                _ = storage
                    .fail_load(file.claim, &LoadFailure::NoHeader, &counts)
                    .await?;
            }
            Self::Publish => {
                let per_block = domain::CodesPerBlock::new(std::num::NonZeroU32::MIN);
                storage
                    .publish(file, 0, per_block, &counts, domain::LIST_CODES)
                    .await?;
            }
            Self::Retry => {
                storage
                    .retry_job(JobKind::LoadFile, file.claim, "away", None, Duration::ZERO)
                    .await?;
            }
            Self::GiveUp => storage.give_up_job(JobKind::LoadFile, file.claim, "away").await?,
            Self::HandOver => storage.hand_over_job(file.claim).await?,
            Self::Rescue => _ = storage.rescue_jobs().await?,
        }
        Ok(())
    }
}

#[tokio::test]
async fn whatever_ends_a_load_waits_for_whatever_else_ends_it() {
    let rounds = [
        "select from coupon_file for update",
        "select from job where state = 'running' for update",
    ]
    .into_iter()
    .flat_map(|held| OF_FILE.map(|first| (held, first)));
    let database = TestDatabase::new().await;
    for (held, first) in rounds {
        for second in OF_FILE.into_iter().filter(|second| *second != first) {
            let later = "2999-01-01T00:00:00Z".parse().unwrap();
            database
                .storage
                .activate_list(&database.list, later)
                .await
                .unwrap();
            database.run("delete from job; delete from coupon_file").await;
            let file = database.claim_load("codes.csv").await;
            if first == OfFile::Expire || second == OfFile::Expire {
                database
                    .run("update coupon_list set expires_at = clock_timestamp()")
                    .await;
            }
            if first == OfFile::Rescue || second == OfFile::Rescue {
                database
                    .run("update job set lease_until = clock_timestamp() where state = 'running'")
                    .await;
            }
            let holder = database.in_transaction(held).await;
            let storage = &database.storage;
            both(
                &database,
                holder,
                first.run(&database, storage, &file),
                second.run(&database, storage, &file),
                &format!("{held}: {first:?}, then {second:?}"),
            )
            .await;
        }
    }
}

/// Runs both, the second when the first has come to a lock, and lets go of what is held when neither gets on.
async fn both(
    database: &TestDatabase,
    mut holder: PgConnection,
    first: impl Future<Output = Result<()>>,
    second: impl Future<Output = Result<()>>,
    what: &str,
) {
    let ended = Cell::new(0);
    let first = async {
        let outcome = first.await;
        ended.set(ended.get() + 1);
        outcome
    };
    let second = async {
        database.until_waiting_for_a_lock_or(1, || ended.get() == 1).await;
        let outcome = second.await;
        ended.set(ended.get() + 1);
        outcome
    };
    let letting_go = async {
        database.until_waiting_for_a_lock_or(1, || ended.get() >= 1).await;
        database.until_waiting_for_a_lock_or(2, || ended.get() >= 1).await;
        sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
        holder.close().await.unwrap();
    };
    let (first, second, ()) = futures_util::join!(first, second, letting_go);
    for outcome in [first, second] {
        if let Err(error) = outcome {
            panic!("{what}: {error}");
        }
    }
}

/// What may happen to a report while it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfReport {
    Begin,
    Keep,
    Finish,
    Fail,
    GiveUp,
    Rescue,
    Erase,
}

const OF_REPORT: [OfReport; 7] = [
    OfReport::Begin,
    OfReport::Keep,
    OfReport::Finish,
    OfReport::Fail,
    OfReport::GiveUp,
    OfReport::Rescue,
    OfReport::Erase,
];

impl OfReport {
    async fn run(self, database: &TestDatabase, report: &ReportToBuild) -> Result<()> {
        let storage = &database.storage;
        match self {
            Self::Begin => _ = storage.begin_report(report).await?,
            // A worker that has lost its report is told so.
            Self::Keep => match storage.keep_report_piece(report, 1, b"").await {
                Err(error) if error.to_string().contains("deadlock") => return Err(error),
                _ => {}
            },
            Self::Finish => _ = storage.finish_report(report, 0, 0, 0).await?,
            Self::Fail => _ = storage.fail_report(report, "it cannot be built").await?,
            Self::GiveUp => {
                storage
                    .give_up_job(JobKind::BuildReport, report.claim, "away")
                    .await?;
            }
            Self::Rescue => _ = storage.rescue_jobs().await?,
            Self::Erase => _ = storage.erase_user(&database.workspace, &user("u1")).await?,
        }
        Ok(())
    }
}

#[tokio::test]
async fn whatever_ends_a_report_waits_for_whatever_else_ends_it() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 10).await;
    database.codes(&["u1"]).await;
    let rounds = [
        "select from usage_report for update",
        "select from job where state = 'running' for update",
    ]
    .into_iter()
    .flat_map(|held| OF_REPORT.map(|first| (held, first)));
    for (held, first) in rounds {
        for second in OF_REPORT.into_iter().filter(|second| *second != first) {
            database
                .run("delete from job; delete from usage_report_piece; delete from usage_report; update ledger set user_id = 'u1'")
                .await;
            let report = claim_report(&database).await;
            if first == OfReport::Rescue || second == OfReport::Rescue {
                database
                    .run("update job set lease_until = clock_timestamp() where state = 'running'")
                    .await;
            }
            let holder = database.in_transaction(held).await;
            both(
                &database,
                holder,
                first.run(&database, &report),
                second.run(&database, &report),
                &format!("{held}: {first:?}, then {second:?}"),
            )
            .await;
        }
    }
}

pub(crate) async fn claim_report(database: &TestDatabase) -> ReportToBuild {
    crate::reports::ask_for_report(database).await;
    match database
        .storage
        .claim_job(JobKind::BuildReport, 100, LEASE)
        .await
        .unwrap()
    {
        Some(Job::BuildReport(report)) => report,
        other => panic!("claimed {other:?}"),
    }
}
