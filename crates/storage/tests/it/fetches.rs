//! Hosted files between their host and their load.

use std::time::Duration;

use domain::{FileUrl, FreeText};
use futures_util::TryStreamExt as _;
use storage::{FileSource, FileToFetch, FileToLoad, Job, JobKind, LoadSource, NewFile};

use crate::database::{LEASE, TestDatabase};

async fn add_hosted(database: &TestDatabase) {
    let file = NewFile {
        name: FreeText::default(),
        source: FileSource::Hosted {
            url: FileUrl::new("https://files.example.com/codes.csv").unwrap(),
            auth: None,
        },
        created_by: FreeText::default(),
        callback_url: None,
        dry_run: false,
    };
    database
        .storage
        .add_file(&database.list, &file, None)
        .await
        .unwrap();
}

async fn claim_fetch(database: &TestDatabase, lease: Duration) -> FileToFetch {
    match database
        .storage
        .claim_job(JobKind::FetchFile, 100, lease)
        .await
        .unwrap()
    {
        Some(Job::FetchFile(file)) => *file,
        other => panic!("claimed {other:?}"),
    }
}

async fn claim_load(database: &TestDatabase) -> Option<FileToLoad> {
    let claimed = database
        .storage
        .claim_job(JobKind::LoadFile, 100, LEASE)
        .await
        .unwrap();
    claimed.map(|job| match job {
        Job::LoadFile(file) => *file,
        other => panic!("claimed {other:?}"),
    })
}

#[tokio::test]
async fn a_file_is_loaded_from_the_pieces_that_were_fetched() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    add_hosted(&database).await;
    assert!(
        claim_load(&database).await.is_none(),
        "nothing to load before it is fetched"
    );
    let file = claim_fetch(&database, LEASE).await;
    storage.keep_fetched_piece(&file, 0, b"Coupon ").await.unwrap();
    storage.keep_fetched_piece(&file, 1, b"Code\nA\n").await.unwrap();
    assert!(storage.finish_fetch(file.claim, 2, 14).await.unwrap());

    let load = claim_load(&database).await.unwrap();
    let LoadSource::Fetched(fetched) = load.source else {
        panic!("{load:?}")
    };
    assert_eq!(fetched.bytes(), 14);
    assert!(storage.is_fetched(load.claim, load.file, fetched).await.unwrap());
    let pieces = storage.fetched_pieces(load.claim, load.file, fetched);
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"Coupon Code\nA\n");

    database
        .number(
            "with gone as (delete from fetched_piece where number = 1 returning 1) select count(*) from gone",
        )
        .await;
    assert!(!storage.is_fetched(load.claim, load.file, fetched).await.unwrap());
    let pieces = storage.fetched_pieces(load.claim, load.file, fetched);
    assert!(
        pieces.try_collect::<Vec<_>>().await.is_err(),
        "a missing piece is not the end"
    );
    storage.fetch_again(load.claim).await.unwrap();
    assert!(claim_load(&database).await.is_none());
    claim_fetch(&database, LEASE).await;
}

#[tokio::test]
async fn a_worker_that_lost_its_fetch_changes_nothing() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    add_hosted(&database).await;
    let late = claim_fetch(&database, Duration::ZERO).await;
    storage.keep_fetched_piece(&late, 0, b"half").await.unwrap();
    assert_eq!(storage.rescue_jobs().await.unwrap(), 1);
    let file = claim_fetch(&database, LEASE).await;
    assert!(storage.keep_fetched_piece(&late, 1, b"late").await.is_err());
    assert!(!storage.finish_fetch(late.claim, 2, 8).await.unwrap());
    storage.begin_fetch(&file).await.unwrap();
    assert_eq!(database.number("select count(*) from fetched_piece").await, 0);
    storage.keep_fetched_piece(&file, 0, b"whole").await.unwrap();
    storage.forget_orphaned_fetches().await.unwrap();
    assert!(storage.finish_fetch(file.claim, 1, 5).await.unwrap());
    assert_eq!(database.number("select count(*) from fetched_piece").await, 1);
}

#[tokio::test]
async fn a_fetch_becomes_a_load_at_once_where_no_other_file_of_the_list_is_being_loaded() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    add_hosted(&database).await;
    add_hosted(&database).await;
    let (first, second) = (
        claim_fetch(&database, LEASE).await,
        claim_fetch(&database, LEASE).await,
    );
    assert!(storage.begin_load(&first).await.unwrap().is_some());
    assert!(storage.begin_load(&second).await.unwrap().is_none());

    // Its worker goes away, and with it what was in memory.
    storage.hand_over_job(first.claim).await.unwrap();
    let load = claim_load(&database).await.unwrap();
    assert!(matches!(load.source, LoadSource::Unfetched));
    storage.fetch_again(load.claim).await.unwrap();
    let again = claim_fetch(&database, LEASE).await;
    assert_eq!(again.claim.job_id, first.claim.job_id);
    assert!(
        storage.begin_load(&first).await.unwrap().is_none(),
        "an old claim"
    );
}
