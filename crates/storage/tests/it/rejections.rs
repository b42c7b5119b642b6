//! Rejected rows, kept beside a file; and files of which nothing is published.

use std::{num::NonZeroU32, time::Duration};

use bytes::Bytes;
use domain::{CodesPerBlock, FreeText, LoadFailure};
use futures_util::TryStreamExt as _;
use storage::{
    AddFile, FileSource, FileToLoad, Job, JobKind, LoadCounts, NewFile, PublishFileOutcome, Rejections,
    Upload,
};

use crate::database::{LEASE, TestDatabase};

fn counts(kept: &[u8]) -> LoadCounts {
    LoadCounts {
        rejected: 1,
        rejections_bytes: Some(kept.len() as u64),
        ..LoadCounts::default()
    }
}

async fn id(database: &TestDatabase) -> domain::PublicId {
    let files = database.storage.files(&database.list, storage::Page::default());
    files.await.unwrap()[0].public_id
}

async fn rejections(database: &TestDatabase) -> Rejections {
    let id = id(database).await;
    let found = database.storage.rejections(&database.list, id).await.unwrap();
    found.unwrap()
}

/// What is kept, to its end.
async fn kept(database: &TestDatabase) -> Vec<u8> {
    match rejections(database).await {
        Rejections::Kept(kept) => {
            let pieces = database.storage.rejection_pieces(kept);
            pieces.try_collect::<Vec<Bytes>>().await.unwrap().concat()
        }
        other => panic!("{other:?}"),
    }
}

async fn claim(database: &TestDatabase, lease: Duration) -> FileToLoad {
    match database.storage.claim_job(JobKind::LoadFile, 100, lease).await {
        Ok(Some(Job::LoadFile(file))) => *file,
        other => panic!("claimed {other:?}"),
    }
}

/// Two pieces and a half.
fn long(byte: u8) -> Vec<u8> {
    vec![byte; 5 * 512 * 1024]
}

#[tokio::test]
async fn a_worker_that_lost_its_job_keeps_no_row_and_what_it_kept_before_is_replaced() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    database.add_file("codes.csv").await;
    let late = claim(&database, Duration::ZERO).await;
    storage.keep_rejections(&late, &long(1)).await.unwrap();
    assert!(matches!(rejections(&database).await, Rejections::Pending));
    assert_eq!(storage.rescue_jobs().await.unwrap(), 1);

    let file = claim(&database, LEASE).await;
    let rows = long(2).split_off(1024 * 1024 + 1);
    storage.keep_rejections(&file, &rows).await.unwrap();
    storage.keep_rejections(&late, &long(3)).await.unwrap();
    let failure = LoadFailure::NoCodes;
    assert!(
        storage
            .fail_load(file.claim, &failure, &counts(&rows))
            .await
            .unwrap()
    );
    assert_eq!(kept(&database).await, rows);
    assert_eq!(database.number("select count(*) from rejection_piece").await, 2);
}

#[tokio::test]
async fn what_a_worker_kept_of_a_file_that_was_then_given_up_is_not_shown() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    database.storage.keep_rejections(&file, &long(1)).await.unwrap();
    database.storage.archive_list(&database.list).await.unwrap();
    assert!(matches!(rejections(&database).await, Rejections::Empty));
}

#[tokio::test]
async fn rows_go_with_their_file() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    let rows = long(1);
    database.storage.keep_rejections(&file, &rows).await.unwrap();
    let storage = &database.storage;
    storage
        .fail_load(file.claim, &LoadFailure::NoCodes, &counts(&rows))
        .await
        .unwrap();
    assert_eq!(kept(&database).await, rows);
    let id = id(&database).await;
    assert!(storage.delete_file(&database.list, id).await.unwrap());
    assert!(storage.rejections(&database.list, id).await.unwrap().is_none());
    assert_eq!(database.number("select count(*) from rejection_piece").await, 0);
    // Nor is anything kept of it afterwards.
    storage.keep_rejections(&file, &rows).await.unwrap();
    assert_eq!(database.number("select count(*) from rejection_piece").await, 0);
}

#[tokio::test]
async fn rows_are_kept_for_a_week() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    let (storage, rows) = (&database.storage, long(1));
    storage.keep_rejections(&file, &rows).await.unwrap();
    storage
        .fail_load(file.claim, &LoadFailure::NoCodes, &counts(&rows))
        .await
        .unwrap();
    storage.forget_old_rejections().await.unwrap();
    assert_eq!(kept(&database).await, rows);
    database
        .number("with aged as (update rejection_piece set kept_at = kept_at - interval '8 days' returning 1) select count(*) from aged")
        .await;
    storage.forget_old_rejections().await.unwrap();
    assert!(matches!(rejections(&database).await, Rejections::Gone));
}

async fn dry_run(database: &TestDatabase) -> FileToLoad {
    let file = NewFile {
        name: FreeText::new("codes.csv").unwrap(),
        source: FileSource::Sent(Upload::begin(&database.list)),
        created_by: FreeText::default(),
        callback_url: None,
        dry_run: true,
    };
    let added = database.storage.add_file(&database.list, &file, None).await;
    assert!(matches!(added, Ok(AddFile::Added(_))));
    let file = claim(database, LEASE).await;
    assert!(file.dry_run);
    file
}

async fn end(database: &TestDatabase, file: &FileToLoad, added: u64, most: i64) -> PublishFileOutcome {
    let per_block = CodesPerBlock::new(NonZeroU32::MIN);
    let counts = LoadCounts::default();
    let ended = database.storage.publish(file, added, per_block, &counts, most);
    ended.await.unwrap()
}

#[tokio::test]
async fn of_a_dry_run_nothing_is_handed_out_and_a_list_that_would_be_full_refuses_it() {
    let database = TestDatabase::new().await;
    let file = dry_run(&database).await;
    assert_eq!(end(&database, &file, 5, 10).await, PublishFileOutcome::Published);
    assert_eq!(database.stock().await.total, 0);
    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [storage::AllocationOutcome::Exhausted]
    ));
    let runs = database.storage.dry_runs(&database.list, 10).await.unwrap();
    assert_eq!(runs[0].dry_run.map(|run| run.would_add), Some(5));
    assert_eq!(runs[0].added, 0);
    assert!(
        database
            .storage
            .files(&database.list, storage::Page::default())
            .await
            .unwrap()
            .is_empty()
    );

    let file = dry_run(&database).await;
    assert_eq!(end(&database, &file, 5, 4).await, PublishFileOutcome::ListFull);
    database.load(&["a1"], 1).await;
    assert_eq!(database.codes(&["u1"]).await, ["a1"]);
}

#[tokio::test]
async fn a_dry_run_is_forgotten_after_a_week_and_other_files_are_not() {
    let database = TestDatabase::new().await;
    let (storage, list) = (&database.storage, &database.list);
    database.load(&["a1"], 1).await;
    let file = dry_run(&database).await;
    end(&database, &file, 5, 10).await;
    storage.forget_old_dry_runs().await.unwrap();
    assert_eq!(storage.dry_runs(list, 10).await.unwrap().len(), 1);
    database
        .number("with aged as (update coupon_file set updated_at = updated_at - interval '8 days' returning 1) select count(*) from aged")
        .await;
    storage.forget_old_dry_runs().await.unwrap();
    assert!(storage.dry_runs(list, 10).await.unwrap().is_empty());
    assert_eq!(
        storage.files(list, storage::Page::default()).await.unwrap().len(),
        1
    );
    assert_eq!(database.codes(&["u1"]).await, ["a1"]);
}
