//! One code for each key.

use storage::{AllocationOutcome, Shortage};

use crate::database::{TestDatabase, new, request};

#[tokio::test]
async fn a_group_spans_files_in_the_order_of_their_publication() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 2).await;
    database.load(&["b1", "b2", "b3"], 2).await;
    assert_eq!(
        database.codes(&["u1", "u2", "u3", "u4", "u5"]).await,
        ["a1", "a2", "a3", "b1", "b2"]
    );
    assert_eq!(
        database
            .number("select count(*) from coupon_file where used_up")
            .await,
        1
    );
    assert_eq!(database.codes(&["u6"]).await, ["b3"]);
    assert!(matches!(
        database.allocate(&["u7"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
    assert_eq!(
        database
            .number("select count(*) from coupon_file where used_up")
            .await,
        2
    );
}

#[tokio::test]
async fn a_key_met_twice_in_a_group_gets_one_code() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    let outcomes = database.allocate(&["u1", "u1", "u2"]).await;
    let [
        AllocationOutcome::New(first),
        AllocationOutcome::Repeat(again),
        AllocationOutcome::New(other),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(
        (first.code.as_str(), again.code.as_str(), other.code.as_str()),
        ("a1", "a1", "a2")
    );
}

#[tokio::test]
async fn a_dry_list_answers_known_keys_and_refuses_the_others_of_a_group() {
    let database = TestDatabase::new().await;
    database.load(&["a1"], 10).await;
    database.codes(&["u1"]).await;
    let outcomes = database.allocate(&["u2", "u1", "u3"]).await;
    assert!(matches!(
        &outcomes[..],
        [AllocationOutcome::Exhausted, AllocationOutcome::Repeat(known), AllocationOutcome::Exhausted]
            if known.code == "a1"
    ));
}

#[tokio::test]
async fn all_or_nothing_takes_nothing_when_one_code_is_missing() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 2).await;
    let reject = async |users: &[&str]| {
        let requests = users.iter().map(|user| request(user)).collect();
        database
            .allocator
            .allocate(&database.list, requests, Shortage::Reject)
            .await
            .unwrap()
    };
    let outcomes = reject(&["u1", "u2", "u3", "u4"]).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, AllocationOutcome::Exhausted)),
        "{outcomes:?}"
    );
    assert_eq!(database.stock().await.available, 3);
    let served: Vec<_> = reject(&["u1", "u2", "u3"])
        .await
        .into_iter()
        .map(|outcome| new(outcome).code)
        .collect();
    assert_eq!(served, ["a1", "a2", "a3"]);
}

/// Plans made on an empty table must not be kept: the connection that met the list empty goes on being used.
#[tokio::test]
async fn a_list_that_was_empty_at_first_serves_thousands_from_the_same_connections() {
    let database = TestDatabase::new().await;
    assert!(matches!(
        database.allocate(&["early"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
    let codes: Vec<String> = (0..5_000).map(|n| format!("CODE-{n:05}")).collect();
    database
        .load(&codes.iter().map(String::as_str).collect::<Vec<_>>(), 600)
        .await;
    let users: Vec<String> = (0..5_000).map(|n| format!("user-{n}")).collect();
    let served = database
        .codes(&users.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    assert_eq!(served, codes);
    assert_eq!(database.stock().await.allocated, 5_000);
}
