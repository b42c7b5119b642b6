//! Hand-outs that end by themselves.

use std::time::Duration;

use storage::{AllocationOutcome, AllocationRequest, Shortage};

use crate::database::{TestDatabase, new, request};

#[tokio::test]
async fn a_hold_that_ran_out_serves_the_next_key_when_nothing_else_is_left() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 10).await;
    let held = AllocationRequest {
        hold_seconds: Some(1),
        ..request("u1")
    };
    let outcomes = database
        .allocator
        .allocate(&database.list, vec![held], Shortage::Partial)
        .await
        .unwrap();
    let held = new(outcomes.into_iter().next().unwrap());
    assert_eq!(
        held.held_until
            .map(|until| until - held.allocated_at)
            .unwrap()
            .get_seconds(),
        1
    );
    assert_eq!(database.stock().await.held, 1);
    assert!(matches!(
        database.allocate(&["u2"]).await[..],
        [AllocationOutcome::Exhausted]
    ));

    until_available(&database).await;
    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [AllocationOutcome::Released]
    ));
    assert_eq!(database.codes(&["u2"]).await, ["a1"]);
    assert_eq!(database.stock().await.allocated, 1);
}

#[tokio::test]
async fn the_sweep_gives_back_what_ran_out_and_nothing_else() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let held = |user, seconds| AllocationRequest {
        hold_seconds: Some(seconds),
        ..request(user)
    };
    let requests = vec![held("u1", 1), held("u2", 600)];
    database
        .allocator
        .allocate(&database.list, requests, Shortage::Partial)
        .await
        .unwrap();
    until_available(&database).await;
    assert_eq!(database.storage.sweep_holds().await.unwrap(), 1);
    assert_eq!(database.storage.sweep_holds().await.unwrap(), 0);
    let stock = database.stock().await;
    assert_eq!((stock.available, stock.held), (1, 1));
}

async fn until_available(database: &TestDatabase) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let available = async {
        while database.stock().await.available == 0 {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), available)
        .await
        .expect("the hold runs out");
}
