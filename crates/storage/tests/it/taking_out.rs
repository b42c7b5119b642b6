//! Codes given back and codes disabled.

use storage::{AllocationOutcome, Disabled, Released};

use crate::database::{TestDatabase, new};

#[tokio::test]
async fn a_code_given_back_goes_to_a_new_key_before_a_fresh_one() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let released = database
        .storage
        .release(&database.list, &[given.position])
        .await
        .unwrap();
    assert_eq!(released, [Released::Released]);
    assert_eq!(database.stock().await.available, 3);

    assert!(matches!(
        database.allocate(&["u1"]).await[..],
        [AllocationOutcome::Released]
    ));
    assert_eq!(database.codes(&["u2", "u3"]).await, ["a1", "a2"]);
    assert_eq!(database.stock().await.allocated, 2);
}

#[tokio::test]
async fn giving_back_twice_gives_back_once() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let twice = [given.position, given.position];
    assert_eq!(
        database.storage.release(&database.list, &twice).await.unwrap(),
        [Released::Released; 2]
    );
    assert_eq!(database.codes(&["u2"]).await, ["a1"]);
    // The first hand-out is over; the second one is not its business.
    assert_eq!(
        database.storage.release(&database.list, &twice).await.unwrap(),
        [Released::Released; 2]
    );
    assert!(matches!(
        database.allocate(&["u3"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
}

#[tokio::test]
async fn a_place_that_was_never_handed_out_cannot_be_given_back() {
    let database = TestDatabase::new().await;
    let file = database.load(&["a1", "a2"], 10).await;
    let mut elsewhere = new(database.allocate(&["u1"]).await.remove(0)).position;
    elsewhere.ordinal = 1;
    assert_eq!(
        database
            .storage
            .release(&database.list, &[elsewhere])
            .await
            .unwrap(),
        [Released::Unknown]
    );
    assert_eq!(database.stock().await.available, 1);
    drop(file);
}

#[tokio::test]
async fn a_disabled_code_is_passed_over() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3", "a4", "a5"], 2).await;
    let file = new(database.allocate(&["u1"]).await.remove(0)).position.file_id;
    for (ordinal, code) in [(1, "a2"), (4, "a5")] {
        let disabled = database
            .storage
            .disable(&database.list, file, ordinal, code)
            .await
            .unwrap();
        assert_eq!(disabled, Disabled::Disabled);
    }
    let stock = database.stock().await;
    assert_eq!((stock.available, stock.disabled, stock.allocated), (2, 2, 1));
    let outcomes = database.allocate(&["u2", "u3", "u4"]).await;
    let [
        AllocationOutcome::New(third),
        AllocationOutcome::New(fourth),
        AllocationOutcome::Exhausted,
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!((third.code.as_str(), fourth.code.as_str()), ("a3", "a4"));
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.disabled, stock.allocated),
        (5, 0, 2, 3)
    );
}

#[tokio::test]
async fn a_code_in_someones_hands_is_not_disabled_but_one_given_back_is() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let given = new(database.allocate(&["u1"]).await.remove(0));
    let disable = async || {
        database
            .storage
            .disable(&database.list, given.position.file_id, 0, "a1")
            .await
            .unwrap()
    };
    assert_eq!(disable().await, Disabled::HandedOut);
    database
        .storage
        .release(&database.list, &[given.position])
        .await
        .unwrap();
    assert_eq!(disable().await, Disabled::Disabled);
    assert_eq!(disable().await, Disabled::Disabled);
    assert_eq!(database.codes(&["u2"]).await, ["a2"]);
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.disabled, stock.allocated),
        (2, 0, 1, 1)
    );
}
