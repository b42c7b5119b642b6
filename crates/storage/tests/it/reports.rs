//! Reports beside those who are erased, and by workers that lost them.

use bytes::Bytes;
use domain::{Period, Subscribers};
use jiff::{civil::date, tz::TimeZone};
use sqlx::Connection as _;
use storage::{Job, JobKind, NewUsageReport, ReportToBuild, RequestReport};
use tokio::sync::mpsc;

use crate::{
    database::{LEASE, TestDatabase, user},
    lock_order::claim_report,
};

pub(crate) async fn ask_for_report(database: &TestDatabase) {
    let period = Period::new(date(2000, 1, 1), date(2999, 1, 1), &TimeZone::UTC).unwrap();
    // All that ever was, whatever the day is: the list is younger, and the last day does not lie ahead.
    let period = Period {
        first_day_ends: period.until,
        last_day_begins: period.from,
        ..period
    };
    let report = NewUsageReport {
        period,
        subscribers: Subscribers::new(vec!["someone@example.com".to_owned()]).unwrap(),
    };
    let requested = database
        .storage
        .request_report(&database.list, &report)
        .await
        .unwrap();
    assert!(matches!(requested, RequestReport::Requested(_)), "{requested:?}");
}

/// Everything that the report would hold.
async fn rows(database: &TestDatabase, report: &ReportToBuild) -> Vec<u8> {
    let (sender, mut pieces) = mpsc::channel::<Bytes>(64);
    database.storage.copy_usage(report, sender).await.unwrap();
    let mut rows = Vec::new();
    while let Some(piece) = pieces.recv().await {
        rows.extend_from_slice(&piece);
    }
    rows
}

fn names(rows: &[u8], user: &str) -> bool {
    rows.windows(user.len()).any(|window| window == user.as_bytes())
}

async fn list_with_a_person() -> TestDatabase {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    database.codes(&["somebody", "else"]).await;
    database
}

#[tokio::test]
async fn a_report_that_ends_while_a_person_is_erased_does_not_stay() {
    let database = list_with_a_person().await;
    let report = claim_report(&database).await;
    database.storage.begin_report(&report).await.unwrap();
    assert!(names(&rows(&database, &report).await, "somebody"));
    database
        .storage
        .keep_report_piece(&report, 0, b"somebody")
        .await
        .unwrap();

    let mut holder = database
        .in_transaction("select from usage_report for update")
        .await;
    let letting_go = async {
        database.until_waiting_for_a_lock(2).await;
        sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
        holder.close().await.unwrap();
    };
    let erasing = async {
        database.until_waiting_for_a_lock(1).await;
        database
            .storage
            .erase_user(&database.workspace, &user("somebody"))
            .await
    };
    let (ended, erased, ()) = futures_util::join!(
        database.storage.finish_report(&report, 1, 8, 8),
        erasing,
        letting_go
    );
    assert!(ended.unwrap());
    assert_eq!(erased.unwrap(), 1);
    for rows in [
        "select count(*) from usage_report",
        "select count(*) from usage_report_piece",
        "select count(*) from report_mail",
    ] {
        assert_eq!(database.number(rows).await, 0, "{rows}");
    }
}

#[tokio::test]
async fn a_report_that_is_begun_while_a_person_is_erased_does_not_name_them() {
    let database = list_with_a_person().await;
    // Erasing has done with the first list and waits in the second.
    let second = database.another_list("second").await;
    second.load(&["b1"], 10).await;
    second.codes(&["somebody"]).await;
    let mut holder = database
        .in_transaction("select from ledger where code = 'b1' for update")
        .await;
    let building = async {
        database.until_waiting_for_a_lock(1).await;
        let report = claim_report(&database).await;
        _ = database.storage.begin_report(&report).await.unwrap();
        let rows = rows(&database, &report).await;
        database
            .storage
            .keep_report_piece(&report, 0, &rows)
            .await
            .unwrap();
        let bytes = rows.len() as u64;
        (
            database
                .storage
                .finish_report(&report, 1, bytes, bytes)
                .await
                .unwrap(),
            rows,
        )
    };
    let person = user("somebody");
    let ((ended, rows), erased, ()) = futures_util::join!(
        building,
        database.storage.erase_user(&database.workspace, &person),
        async {
            // Either the report waits for the erasure, or it has ended beside it.
            database.until_waiting_for_a_lock(1).await;
            for _ in 0..200 {
                let ended = database
                    .number("select count(*) from usage_report where status <> 'PENDING'")
                    .await;
                let waiting = database
                    .number("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
                    .await;
                if ended == 1 || waiting == 2 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
        }
    );
    erased.unwrap();
    let stays = ended
        && database
            .number("select count(*) from usage_report where status = 'READY'")
            .await
            == 1;
    assert!(
        !(stays && names(&rows, "somebody")),
        "a report names an erased person"
    );
}

#[tokio::test]
async fn a_worker_that_lost_its_report_keeps_no_piece_and_removes_none() {
    let database = list_with_a_person().await;
    let late = claim_report(&database).await;
    database
        .run("update job set lease_until = clock_timestamp() where state = 'running'")
        .await;
    assert_eq!(database.storage.rescue_jobs().await.unwrap(), 1);
    let Some(Job::BuildReport(report)) = database
        .storage
        .claim_job(JobKind::BuildReport, 100, LEASE)
        .await
        .unwrap()
    else {
        panic!("not claimed");
    };
    _ = database.storage.begin_report(&report).await.unwrap();
    database
        .storage
        .keep_report_piece(&report, 0, b"whole")
        .await
        .unwrap();

    _ = database.storage.begin_report(&late).await;
    let stale = database.storage.keep_report_piece(&late, 1, b"stale").await;
    assert!(!stale.unwrap());
    assert_eq!(
        database.number("select count(*) from usage_report_piece").await,
        1
    );
    assert!(database.storage.finish_report(&report, 1, 5, 5).await.unwrap());
}

#[tokio::test]
async fn a_report_whose_pieces_are_not_what_was_written_is_not_ready() {
    let database = list_with_a_person().await;
    let report = claim_report(&database).await;
    _ = database.storage.begin_report(&report).await.unwrap();
    database
        .storage
        .keep_report_piece(&report, 0, b"half")
        .await
        .unwrap();
    database
        .storage
        .finish_report(&report, 1, 8, 8)
        .await
        .unwrap_err();
    assert_eq!(
        database
            .number("select count(*) from usage_report where status = 'READY'")
            .await,
        0
    );
}
