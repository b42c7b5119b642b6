//! Usage reports that are deleted while somebody is at them.

use domain::{Period, PublicId, Subscribers};
use futures_util::StreamExt as _;
use jiff::{Timestamp, tz::TimeZone};
use storage::{Job, JobKind, NewUsageReport, ReportToBuild, RequestReport};

use crate::database::{LEASE, TestDatabase};

/// A report of today that the caller builds.
pub(crate) async fn claimed(database: &TestDatabase) -> (PublicId, ReportToBuild) {
    let now = database
        .number("select extract(epoch from clock_timestamp())::bigint")
        .await;
    let today = Timestamp::from_second(now)
        .unwrap()
        .to_zoned(TimeZone::UTC)
        .date();
    let report = NewUsageReport {
        period: Period::new(today, today, &TimeZone::UTC).unwrap(),
        subscribers: Subscribers::new(vec!["ann@example.com".to_owned()]).unwrap(),
    };
    let storage = &database.storage;
    let RequestReport::Requested(id) = storage.request_report(&database.list, &report).await.unwrap() else {
        panic!("not requested");
    };
    let Some(Job::BuildReport(report)) = storage.claim_job(JobKind::BuildReport, 100, LEASE).await.unwrap()
    else {
        panic!("nothing to build");
    };
    (id, report)
}

async fn delete(database: &TestDatabase, id: PublicId) -> bool {
    let deleted = database.storage.delete_usage_report(&database.workspace, id);
    deleted.await.unwrap()
}

async fn pieces(database: &TestDatabase) -> i64 {
    database.number("select count(*) from usage_report_piece").await
}

#[tokio::test]
async fn whoever_builds_a_deleted_report_keeps_nothing_more_and_tells_nobody() {
    let database = TestDatabase::new().await;
    let (id, report) = claimed(&database).await;
    let storage = &database.storage;
    storage.begin_report(&report).await.unwrap();
    assert!(storage.keep_report_piece(&report, 0, b"one").await.unwrap());
    assert!(delete(&database, id).await);
    assert!(!delete(&database, id).await);
    assert!(!storage.keep_report_piece(&report, 1, b"two").await.unwrap());
    assert!(!storage.finish_report(&report, 1, 6, 6).await.unwrap());
    assert!(!storage.fail_report(&report, "no matter").await.unwrap());
    assert!(!storage.prolong_lease(report.claim, LEASE).await.unwrap());
    assert_eq!(pieces(&database).await, 0);
    assert_eq!(database.number("select count(*) from job").await, 0);
}

#[tokio::test]
async fn a_piece_that_is_being_kept_goes_with_its_report() {
    let database = TestDatabase::new().await;
    let (id, _) = claimed(&database).await;
    let mut worker = database.connect().await;
    sqlx::raw_sql(
        "begin;
         select keep_report_piece(job_id, attempt, lease_owner, list_id, (payload ->> 'report_id')::bigint, 0, 'one')
         from job where kind = 'build_report'",
    )
    .execute(&mut worker)
    .await
    .unwrap();
    let deleting = async {
        assert!(delete(&database, id).await);
    };
    let keeping = async {
        database.until_waiting_for_a_lock(1).await;
        sqlx::raw_sql("commit").execute(&mut worker).await.unwrap();
    };
    tokio::join!(deleting, keeping);
    assert_eq!(pieces(&database).await, 0);
}

#[tokio::test]
async fn a_reader_of_a_report_that_is_deleted_meanwhile_gets_an_error_and_no_end() {
    let database = TestDatabase::new().await;
    let (id, report) = claimed(&database).await;
    let storage = &database.storage;
    for (number, piece) in [b"one", b"two"].into_iter().enumerate() {
        let number = i32::try_from(number).unwrap();
        assert!(storage.keep_report_piece(&report, number, piece).await.unwrap());
    }
    assert!(storage.finish_report(&report, 1, 6, 6).await.unwrap());
    let made = storage
        .usage_report(&database.workspace, id)
        .await
        .unwrap()
        .unwrap();
    let whole: Vec<_> = storage.report_pieces(&made).collect().await;
    assert!(whole.len() == 2 && whole.iter().all(Result::is_ok), "{whole:?}");

    let mut pieces = storage.report_pieces(&made);
    assert!(pieces.next().await.unwrap().is_ok());
    assert!(delete(&database, id).await);
    assert!(pieces.next().await.unwrap().is_err());
}
