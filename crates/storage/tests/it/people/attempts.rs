//! Passwords and codes that are right, wrong, or come too often.

use storage::{KeyMemory, SignIn, Storage};

use super::{ELSEWHERE, OFFICE, PASSWORD, admin, attempt, entries, open, password, right, session};
use crate::database::{TestDatabase, settings};

#[tokio::test]
async fn wrong_passwords_from_an_address_are_stopped_after_ten_while_another_address_gets_in() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    // Another process counts with it.
    let other = Storage::connect_remembering(&settings(&database.url), KeyMemory::default()).unwrap();
    for n in 0..10 {
        let process = if n % 2 == 0 { storage } else { &other };
        let outcome = attempt(process, "ADA@example.com", "wrong horse battery", ELSEWHERE).await;
        assert!(matches!(outcome, SignIn::Wrong), "attempt {n}: {outcome:?}");
    }
    for process in [storage, &other] {
        let outcome = attempt(process, "ada@example.com", PASSWORD, ELSEWHERE).await;
        assert!(matches!(outcome, SignIn::TooOften), "{outcome:?}");
    }
    right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await);
    assert_eq!(
        entries(storage, &database.workspace, "sign-in.fail").await.len(),
        10
    );
    // A quarter of an hour later.
    database
        .run("update sign_in_attempt set since = since - interval '15 minutes'")
        .await;
    right(attempt(storage, "ada@example.com", PASSWORD, ELSEWHERE).await);
}

#[tokio::test]
async fn of_nobody_and_of_too_many_failures_nothing_more_is_noted() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let outcome = attempt(storage, "nobody@example.com", PASSWORD, OFFICE).await;
    assert!(matches!(outcome, SignIn::Wrong));
    let failed = async || entries(storage, &database.workspace, "sign-in.fail").await;
    assert!(failed().await.is_empty());
    // From the twenty-first on each waits for two seconds, so they come at once.
    for n in 0..20 {
        let address = format!("198.51.100.{n}");
        wrong_code(storage, &address).await;
    }
    let rest: [_; 5] = std::array::from_fn(|n| format!("198.51.100.{}", 100 + n));
    futures_util::future::join_all(rest.iter().map(|address| wrong_code(storage, address))).await;
    let noted = failed().await;
    assert_eq!(noted.len(), 20);
    // It is about Ada's account, and not her doing.
    assert_eq!(noted[0].object_name.as_deref(), Some("Ada"));
    assert_eq!(noted[0].person, None);
}

#[tokio::test]
async fn of_wrong_passwords_that_come_at_once_no_more_are_looked_at_than_of_those_that_come_one_by_one() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let all = (0..40).map(|_| attempt(storage, "ada@example.com", "wrong horse battery", ELSEWHERE));
    let outcomes = futures_util::future::join_all(all).await;
    let wrong = outcomes.iter().filter(|outcome| matches!(outcome, SignIn::Wrong));
    assert_eq!(wrong.count(), 10);
    // Those that were refused are held against nobody else.
    assert_eq!(
        database
            .number("select max(attempts)::bigint from sign_in_attempt")
            .await,
        10
    );
    right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await);
}

#[tokio::test]
async fn right_passwords_are_not_held_against_anybody_however_often_they_come() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    for _ in 0..12 {
        right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await);
    }
    assert_eq!(
        database.number("select sum(attempts) from sign_in_attempt").await,
        0
    );
}

#[tokio::test]
async fn a_second_factors_step_counts_once() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    storage.set_totp(&ada, &[7; 20], 100, &[]).await.unwrap();
    let take = async |step| storage.take_totp_step(&ada, step).await.unwrap();
    // That it was set up with, then a newer one, by two at once.
    assert!(!take(100).await);
    let taken = tokio::join!(take(101), take(101));
    assert!(taken.0 ^ taken.1, "{taken:?}");
    assert!(!take(101).await);
    assert!(!take(99).await);
    assert!(take(102).await);
}

#[tokio::test]
async fn a_recovery_code_counts_once_and_new_ones_replace_all_former_ones() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let codes = ["abcd-efgh".to_owned(), "jkmn-pqrs".to_owned()];
    storage.set_totp(&ada, &[7; 20], 0, &codes).await.unwrap();
    let using = async |code: &str| storage.use_recovery_code(&ada, code).await.unwrap();
    assert!(!using("abcd-efgj").await);
    let used = tokio::join!(using("abcd-efgh"), using("ABCDEFGH"));
    assert!(used.0 ^ used.1, "{used:?}");
    assert!(!using("abcd-efgh").await);
    let fresh = ["tuvw-xyz2".to_owned()];
    storage.set_totp(&ada, &[8; 20], 0, &fresh).await.unwrap();
    assert!(!using("jkmn-pqrs").await);
    storage.remove_totp(&ada).await.unwrap();
    assert!(!using("tuvw-xyz2").await);
    assert!(storage.totp_secret(&ada).await.unwrap().is_none());
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let (this, other) = (session(storage, &ada).await, session(storage, &ada).await);
    let fresh = password("another horse battery");
    storage.change_password(&ada, &fresh, &this).await.unwrap();
    assert!(open(storage, &other).await.is_none());
    assert!(open(storage, &this).await.is_some());
    right(attempt(storage, "ada@example.com", "another horse battery", OFFICE).await);
}

/// A second factor that is not the one.
async fn wrong_code(storage: &Storage, address: &str) {
    let counted = storage.count_attempt("ada@example.com", address).await.unwrap();
    storage.settle_attempt(counted.unwrap(), false).await.unwrap();
}
