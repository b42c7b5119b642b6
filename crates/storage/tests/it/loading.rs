//! What a load writes, and what a worker that lost its job cannot write.

use std::{num::NonZeroU32, sync::mpsc, thread, time::Duration};

use domain::{CodesPerBlock, LoadFailure};
use storage::{FileToLoad, Job, JobKind, LoadCounts, PublishFileOutcome, Stage};
use tokio::{runtime, time::timeout};

use crate::database::{LEASE, TestDatabase};

#[tokio::test]
async fn nothing_of_an_unpublished_file_is_handed_out_or_counted() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    let block = storage::Block {
        number: 0,
        first_fingerprint: 0,
        codes: b"a1\na2".to_vec(),
    };
    database
        .storage
        .write_blocks(&file, std::iter::once(block))
        .await
        .unwrap();
    assert_eq!(database.stock().await.total, 0);
    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [storage::AllocationOutcome::Exhausted]
    ));
    // What an interrupted load left is replaced by the next attempt's.
    assert_eq!(
        database.publish(&file, &["b1"], 2).await,
        PublishFileOutcome::Published
    );
    assert_eq!(database.codes(&["u1"]).await, ["b1"]);
    assert_eq!(database.number("select count(*) from block").await, 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_job_changes_nothing() {
    let database = TestDatabase::new().await;
    let (late, file) = claimed_twice(&database).await;
    assert_eq!(file.claim.attempt, late.claim.attempt + 1);

    assert!(!database.storage.prolong_lease(late.claim, LEASE).await.unwrap());
    assert!(
        !database
            .storage
            .fail_load(late.claim, &LoadFailure::NoHeader, &LoadCounts::default())
            .await
            .unwrap()
    );
    database
        .storage
        .report_progress(late.claim, late.file, Stage::Storing, 1, None)
        .await
        .unwrap();
    let per_block = CodesPerBlock::new(NonZeroU32::MIN);
    let stale = database
        .storage
        .publish(&late, 1, per_block, &LoadCounts::default(), 100)
        .await
        .unwrap();
    assert_eq!(stale, PublishFileOutcome::Stale);
    assert_eq!(
        database.publish(&file, &["a1"], 2).await,
        PublishFileOutcome::Published
    );
    assert_eq!(database.stock().await.total, 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_job_does_not_remove_the_next_ones_blocks() {
    let database = TestDatabase::new().await;
    let (late, file) = claimed_twice(&database).await;
    let block = |codes: &str| storage::Block {
        number: 0,
        first_fingerprint: 0,
        codes: codes.into(),
    };
    database
        .storage
        .write_blocks(&file, std::iter::once(block("a1")))
        .await
        .unwrap();
    database
        .storage
        .write_blocks(&late, std::iter::once(block("zz")))
        .await
        .unwrap();
    let per_block = CodesPerBlock::new(NonZeroU32::MIN);
    let published = database
        .storage
        .publish(&file, 1, per_block, &LoadCounts::default(), 100)
        .await
        .unwrap();
    assert_eq!(published, PublishFileOutcome::Published);
    assert_eq!(database.codes(&["u1"]).await, ["a1"]);
}

/// Its connection stays open, and no limit of a statement holds while PostgreSQL waits for the next block.
#[tokio::test]
async fn a_worker_that_stands_still_while_it_writes_keeps_nobody_from_loading_the_file() {
    let database = TestDatabase::new().await;
    database.add_file("codes.csv").await;
    let still = claim(&database, Duration::ZERO).await;
    let (blocks, coming) = mpsc::channel();
    // It waits for blocks on a thread of its own.
    let storage = database.hurried_storage(LEASE);
    let writing = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(storage.write_blocks(&still, coming.into_iter()))
    });
    // PostgreSQL writes them when it has a thousand.
    for number in 0..2_000 {
        let block = storage::Block {
            number,
            first_fingerprint: number.into(),
            codes: vec![b'a'; 7_000],
        };
        blocks.send(block).unwrap();
    }
    let stored = "select coalesce(max(tuples_processed), 0) from pg_stat_progress_copy
                  where datname = current_database()";
    timeout(LEASE, async { while database.number(stored).await <= 1_000 {} })
        .await
        .unwrap();

    assert_eq!(database.storage.rescue_jobs().await.unwrap(), 1);
    let file = claim(&database, LEASE).await;
    let published = timeout(Duration::from_secs(10), database.publish(&file, &["a1"], 2)).await;
    assert_eq!(published, Ok(PublishFileOutcome::Published));
    // It goes on.
    drop(blocks);
    assert!(writing.join().unwrap().is_err());
    assert_eq!(database.number("select count(*) from block").await, 1);
    assert_eq!(database.codes(&["u1"]).await, ["a1"]);
}

#[tokio::test]
async fn a_list_does_not_grow_past_its_limit() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 2).await;
    let file = database.claim_load("more.csv").await;
    let per_block = CodesPerBlock::new(NonZeroU32::MIN);
    let published = database
        .storage
        .publish(&file, 2, per_block, &LoadCounts::default(), 3)
        .await
        .unwrap();
    assert_eq!(published, PublishFileOutcome::ListFull);
    let failed = &database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0];
    assert_eq!(failed.failure, Some(LoadFailure::ListFull(3).to_string()));
    assert_eq!(database.stock().await.total, 2);
}

/// The database books three failures in words of its own; they must be the domain's.
#[tokio::test]
async fn the_databases_words_for_a_failure_are_the_domains() {
    for (sql, failure) in [
        (
            "select count(*) from pg_proc where prosrc like '%''list archived''%'",
            LoadFailure::ListArchived,
        ),
        (
            "select count(*) from pg_proc where prosrc like '%''list expired''%'",
            LoadFailure::ListExpired,
        ),
    ] {
        assert!(sql.contains(&failure.to_string()));
        assert!(TestDatabase::new().await.number(sql).await >= 2, "{failure}");
    }
}

/// One file's load as a worker that lost it has it, and as its successor has it.
async fn claimed_twice(database: &TestDatabase) -> (FileToLoad, FileToLoad) {
    database.add_file("codes.csv").await;
    let late = claim(database, Duration::ZERO).await;
    assert_eq!(database.storage.rescue_jobs().await.unwrap(), 1);
    (late, claim(database, LEASE).await)
}

async fn claim(database: &TestDatabase, lease: Duration) -> FileToLoad {
    match database
        .storage
        .claim_job(JobKind::LoadFile, 100, lease)
        .await
        .unwrap()
    {
        Some(Job::LoadFile(file)) => *file,
        other => panic!("claimed {other:?}"),
    }
}
