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
        .run("update sign_in_failure set since = since - interval '15 minutes'")
        .await;
    right(attempt(storage, "ada@example.com", PASSWORD, ELSEWHERE).await);
}

#[tokio::test]
async fn of_nobody_and_of_too_many_failures_nothing_more_is_noted() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let outcome = attempt(storage, "nobody@example.com", PASSWORD, OFFICE).await;
    assert!(matches!(outcome, SignIn::Wrong));
    let failed = async || entries(storage, &database.workspace, "sign-in.fail").await;
    assert!(failed().await.is_empty());
    for n in 0..25 {
        let address = format!("198.51.100.{n}");
        storage.note_wrong_code(&ada, &address).await.unwrap();
    }
    let noted = failed().await;
    assert_eq!(noted.len(), 20);
    // It is about Ada's account, and not her doing.
    assert_eq!(noted[0].object_name.as_deref(), Some("Ada"));
    assert_eq!(noted[0].person, None);
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
async fn a_changed_password_ends_all_other_sessions_and_asks_for_the_former_one() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let (this, other) = (session(storage, &ada).await, session(storage, &ada).await);
    let fresh = password("another horse battery");
    let change = async |former: &str| {
        storage
            .change_password(&ada, &password(former), &fresh, &this)
            .await
            .unwrap()
    };
    assert!(!change("wrong horse battery").await);
    assert!(open(storage, &other).await.is_some());
    assert!(change(PASSWORD).await);
    assert!(open(storage, &other).await.is_none());
    assert!(open(storage, &this).await.is_some());
    assert!(storage.is_password_of(&ada, &fresh).await.unwrap());
}
