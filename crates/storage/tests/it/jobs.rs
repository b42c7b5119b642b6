//! Jobs under a lease.

use std::time::Duration;

use storage::{Job, JobKind};

use crate::database::{LEASE, TestDatabase, make_list};

async fn claim(database: &TestDatabase) -> Option<Job> {
    database
        .storage
        .claim_job(JobKind::LoadFile, 100, LEASE)
        .await
        .unwrap()
}

#[tokio::test]
async fn loads_of_one_list_come_one_at_a_time_and_other_lists_go_on() {
    let mut database = TestDatabase::new().await;
    database.add_file("first.csv").await;
    database.add_file("second.csv").await;
    let first = claim(&database).await.unwrap();
    assert!(claim(&database).await.is_none());

    database.list = make_list(&database.storage, &database.workspace, "other").await;
    database.add_file("third.csv").await;
    assert!(claim(&database).await.is_some());
    database.storage.finish_job(first.claim()).await.unwrap();
    assert!(claim(&database).await.is_some());
}

#[tokio::test]
async fn many_workers_claim_a_job_once() {
    let database = TestDatabase::new().await;
    database.add_file("first.csv").await;
    database.add_file("second.csv").await;
    let claims = (0..16).map(|_| {
        let storage = database.storage.clone();
        tokio::spawn(async move { storage.claim_job(JobKind::LoadFile, 100, LEASE).await.unwrap() })
    });
    let mut claimed = 0;
    for claim in claims.collect::<Vec<_>>() {
        claimed += usize::from(claim.await.unwrap().is_some());
    }
    assert_eq!(claimed, 1);
}

#[tokio::test]
async fn a_job_that_fails_comes_back_and_is_given_up_after_five_times() {
    let database = TestDatabase::new().await;
    database.add_file("codes.csv").await;
    for failure in 1..=5 {
        let job = claim(&database)
            .await
            .unwrap_or_else(|| panic!("no job before failure {failure}"));
        database
            .storage
            .retry_job(JobKind::LoadFile, job.claim(), "away", None, Duration::ZERO)
            .await
            .unwrap();
    }
    assert!(claim(&database).await.is_none());
    let file = &database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0];
    assert_eq!(file.failure, Some(domain::LoadFailure::ServerFault.to_string()));
    assert_eq!(
        database
            .number("select count(*) from job where state = 'dead' and payload = '{}'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_job_handed_over_is_taken_at_once_and_counts_no_failure() {
    let database = TestDatabase::new().await;
    database.add_file("codes.csv").await;
    for attempt in 1..=6 {
        let job = claim(&database).await.unwrap();
        assert_eq!(job.claim().attempt, attempt);
        database.storage.hand_over_job(job.claim()).await.unwrap();
    }
}

#[tokio::test]
async fn secrets_leave_the_job_when_it_ends() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 2).await;
    assert_eq!(
        database
            .number("select count(*) from job where kind = 'load_file' and payload <> '{}'")
            .await,
        0
    );
}

#[tokio::test]
async fn a_load_that_kills_its_worker_each_time_is_given_up_after_five_deaths_and_says_so() {
    let database = TestDatabase::new().await;
    database.add_file("codes.csv").await;
    for death in 1..=5 {
        // Another try comes later each time.
        database
            .run("update job set run_at = clock_timestamp() where state = 'ready'")
            .await;
        let job = claim(&database).await;
        assert!(job.is_some(), "not claimed before death {death}");
        database
            .run("update job set lease_until = clock_timestamp() where state = 'running'")
            .await;
        assert_eq!(database.storage.rescue_jobs().await.unwrap(), 1);
    }
    database
        .run("update job set run_at = clock_timestamp() where state = 'ready'")
        .await;
    assert!(claim(&database).await.is_none());
    let file = &database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0];
    let failure = file.failure.as_deref().unwrap_or_default();
    assert!(failure.starts_with("the server stopped 5 times"), "{failure}");
}

#[tokio::test]
async fn handing_over_and_failing_are_no_deaths() {
    let database = TestDatabase::new().await;
    database.add_file("codes.csv").await;
    for _ in 0..20 {
        let job = claim(&database).await.unwrap();
        database.storage.hand_over_job(job.claim()).await.unwrap();
    }
    let job = claim(&database).await.unwrap();
    database
        .storage
        .retry_job(JobKind::LoadFile, job.claim(), "away", None, Duration::ZERO)
        .await
        .unwrap();
    let job = claim(&database).await.unwrap();
    database
        .run("update job set lease_until = clock_timestamp() where state = 'running'")
        .await;
    assert_eq!(database.storage.rescue_jobs().await.unwrap(), 1);
    let again = claim(&database).await.unwrap();
    assert_eq!(again.claim().failures, 1);
    assert_eq!(job.claim().job_id, again.claim().job_id);
}
