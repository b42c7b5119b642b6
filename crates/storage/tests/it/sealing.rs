//! Files deleted, lists archived and expired: free codes go, handed-out ones stay known.

use std::time::Duration;

use domain::PublicId;
use storage::{
    ActivateListOutcome, AddFile, AddFileRefusal, AllocationOutcome, JobKind, LoadCounts, PublishFileOutcome,
};

use crate::database::{LEASE, TestDatabase};

#[tokio::test]
async fn a_deleted_file_gives_nothing_more_and_keeps_what_it_gave() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3", "a4", "a5"], 2).await;
    database.codes(&["u1", "u2", "u3"]).await;
    let id = database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0]
        .public_id;
    assert!(database.storage.delete_file(&database.list, id).await.unwrap());
    assert!(!database.storage.delete_file(&database.list, id).await.unwrap());
    assert!(database.storage.file(&database.list, id).await.unwrap().is_none());

    let outcomes = database.allocate(&["u1", "u4"]).await;
    assert!(
        matches!(&outcomes[..], [AllocationOutcome::Repeat(known), AllocationOutcome::Exhausted] if known.code == "a1")
    );
    let stock = database.stock().await;
    assert_eq!((stock.total, stock.available, stock.allocated), (3, 0, 3));
}

#[tokio::test]
async fn only_codes_that_were_handed_out_are_refused_to_later_files() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3", "a4", "a5"], 2).await;
    database.codes(&["u1", "u2", "u3"]).await;
    let id = database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0]
        .public_id;
    database.storage.delete_file(&database.list, id).await.unwrap();

    let next = database.claim_load("corrected.csv").await;
    for purged in [false, true] {
        if purged {
            database.storage.purge_list(purge(&database).await).await.unwrap();
        }
        let runs = database.storage.earlier_runs(&next).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.codes).collect::<Vec<_>>(), [3]);
        let mut seen = Vec::new();
        database
            .storage
            .stream_runs(&next, &runs, |_, codes| seen.push(codes.to_vec()))
            .await
            .unwrap();
        assert_eq!(seen, [&b"a1\na2"[..], b"a3"], "purged: {purged}");
        let asked: Vec<(i64, &str)> = ["a1", "a3", "a4", "zz"]
            .iter()
            .map(|code| (next.key.fingerprint(code.as_bytes()), *code))
            .collect();
        // Blocks of this test are not in the order of fingerprints, so only what a probe can find is asked for.
        let found = database
            .storage
            .present_in_runs(&next, &runs, &asked)
            .await
            .unwrap();
        assert!(!found.contains(&2) && !found.contains(&3), "{found:?}");
    }
    assert_eq!(
        database
            .number("select count(*) from block where codes like '%a4%'")
            .await,
        0
    );
    assert_eq!(database.number("select count(*) from block").await, 2);
}

#[tokio::test]
async fn an_archived_list_comes_back_empty_and_still_knows_its_keys() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 2).await;
    database.codes(&["u1"]).await;
    database.storage.archive_list(&database.list).await.unwrap();
    let outcomes = database.allocate(&["u1", "u2"]).await;
    assert!(matches!(
        &outcomes[..],
        [AllocationOutcome::Repeat(_), AllocationOutcome::ListNotActive]
    ));
    assert_eq!(
        database.add_file("late.csv").await,
        AddFile::Refused(AddFileRefusal::ListNotActive)
    );

    let later = "2999-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        database
            .storage
            .activate_list(&database.list, later)
            .await
            .unwrap(),
        ActivateListOutcome::Activated
    );
    let stock = database.stock().await;
    assert_eq!((stock.total, stock.available), (1, 0));
    assert!(matches!(
        database.allocate(&["u2"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
    database.load(&["b1"], 2).await;
    assert_eq!(database.codes(&["u2"]).await, ["b1"]);
}

#[tokio::test]
async fn archiving_ends_the_loads_under_way() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    database.storage.archive_list(&database.list).await.unwrap();
    let later = "2999-01-01T00:00:00Z".parse().unwrap();
    database
        .storage
        .activate_list(&database.list, later)
        .await
        .unwrap();
    assert_eq!(
        database.publish(&file, &["a1"], 2).await,
        PublishFileOutcome::Stale
    );
    let shown = &database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0];
    assert_eq!(shown.failure.as_deref(), Some("list archived"));
    assert_eq!(database.number("select count(*) from block").await, 0);
    assert_eq!(database.stock().await.total, 0);
}

#[tokio::test]
async fn a_file_deleted_while_it_loads_leaves_nothing() {
    let database = TestDatabase::new().await;
    let file = database.claim_load("codes.csv").await;
    let id: PublicId = database
        .storage
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()[0]
        .public_id;
    assert!(database.storage.delete_file(&database.list, id).await.unwrap());
    assert_eq!(
        database.publish(&file, &["a1"], 2).await,
        PublishFileOutcome::Stale
    );
    assert_eq!(database.number("select count(*) from block").await, 0);
    assert_eq!(
        database
            .number("select count(*) from job where state in ('ready', 'running') and kind = 'load_file'")
            .await,
        0
    );
}

#[tokio::test]
async fn a_purge_that_was_given_up_is_begun_again() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 2).await;
    database.storage.archive_list(&database.list).await.unwrap();
    let claim = async || {
        let job = database
            .storage
            .claim_job(JobKind::PurgeList, 100, LEASE)
            .await
            .unwrap();
        job.map(|job| job.claim())
    };
    for _ in 0..5 {
        let claim = claim().await.expect("a purge");
        assert_eq!(database.storage.begin_purges_again().await.unwrap(), 0);
        let again = database
            .storage
            .retry_job(JobKind::PurgeList, claim, "away", None, Duration::ZERO);
        again.await.unwrap();
    }
    assert!(claim().await.is_none());
    assert_eq!(database.storage.begin_purges_again().await.unwrap(), 1);
    assert_eq!(database.storage.begin_purges_again().await.unwrap(), 0);
    let claim = claim().await.expect("another purge");
    database.storage.purge_list(purge(&database).await).await.unwrap();
    database.storage.finish_job(claim).await.unwrap();
    assert_eq!(database.storage.begin_purges_again().await.unwrap(), 0);
    assert_eq!(database.number("select count(*) from block").await, 0);
}

#[tokio::test]
async fn blocks_that_belong_to_nobody_are_removed_and_no_others() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 1).await;
    let left = database.claim_load("left.csv").await;
    let block = storage::Block {
        number: 0,
        first_fingerprint: 0,
        codes: b"b1".to_vec(),
    };
    database
        .storage
        .write_blocks(&left, std::iter::once(block))
        .await
        .unwrap();
    database.storage.remove_orphaned_blocks().await.unwrap();
    assert_eq!(database.number("select count(*) from block").await, 3);
    let failure = domain::LoadFailure::NoHeader;
    assert!(
        database
            .storage
            .fail_load(left.claim, &failure, &LoadCounts::default())
            .await
            .unwrap()
    );
    database.storage.remove_orphaned_blocks().await.unwrap();
    assert_eq!(database.number("select count(*) from block").await, 2);
    assert_eq!(database.codes(&["u1", "u2"]).await, ["a1", "a2"]);
}

async fn purge(database: &TestDatabase) -> i64 {
    database.number("select list_id from coupon_list").await
}
