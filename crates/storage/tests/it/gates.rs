//! What a list's gate says of codes that calls have to look at apart from the others.

use storage::{CodePlace, DisableOutcome};

use crate::database::{TestDatabase, new};

const HAS_RETURNED: &str = "select count(*) from gate where has_returned";
const HAS_DISABLED: &str = "select count(*) from gate where has_disabled";

async fn says(database: &TestDatabase, what: &'static str) -> bool {
    assert_eq!(database.number("select count(*) from wrong_gates()").await, 0);
    database.number(what).await == 1
}

async fn tidy(database: &TestDatabase) {
    assert_eq!(database.storage.tidy_gates().await.unwrap(), 1);
}

#[tokio::test]
async fn the_gate_says_that_something_was_given_back_until_it_is_out_again_and_was_tidied() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2"], 10).await;
    for round in 0..2 {
        let outcome = database.allocate(&[&format!("first-{round}")]).await.remove(0);
        let position = new(outcome).position;
        database
            .storage
            .release(&database.list, &[position])
            .await
            .unwrap();
        tidy(&database).await;
        assert!(says(&database, HAS_RETURNED).await, "it lies there");
        assert_eq!(database.codes(&[&format!("second-{round}")]).await.len(), 1);
        assert!(says(&database, HAS_RETURNED).await, "nobody has looked");
        tidy(&database).await;
        assert!(!says(&database, HAS_RETURNED).await, "it is out again");
    }
}

#[tokio::test]
async fn the_gate_says_that_something_was_disabled_until_calls_are_past_it_and_it_was_tidied() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3", "a4"], 10).await;
    let file = database.number("select file_id from coupon_file").await;
    let place = CodePlace::new(file, 1);
    let outcome = database
        .storage
        .disable(&database.list, place, "a2")
        .await
        .unwrap();
    assert_eq!(outcome, DisableOutcome::Disabled);
    assert_eq!(database.codes(&["u1"]).await, ["a1"]);
    tidy(&database).await;
    assert!(says(&database, HAS_DISABLED).await, "it is ahead");
    assert_eq!(database.codes(&["u2"]).await, ["a3"]);
    tidy(&database).await;
    assert!(!says(&database, HAS_DISABLED).await, "it is behind");
    assert_eq!(database.codes(&["u3"]).await, ["a4"]);
}
