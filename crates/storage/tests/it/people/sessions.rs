//! Browsers in which somebody has signed in.

use domain::Role;
use storage::SignIn;

use super::{OFFICE, PASSWORD, admin, attempt, entries, invited, member, open, password, session};
use crate::database::TestDatabase;

#[tokio::test]
async fn a_session_whose_second_factor_is_missing_is_half_and_then_gets_another_token() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let half = storage
        .begin_session(&ada, true, OFFICE, "a browser")
        .await
        .unwrap();
    assert!(open(storage, &half).await.unwrap().is_half);
    let signed_in = async || entries(storage, &database.workspace, "sign-in").await.len();
    assert_eq!(signed_in().await, 0);
    let whole = storage.complete_session(&half).await.unwrap().unwrap();
    assert!(open(storage, &half).await.is_none());
    assert!(!open(storage, &whole).await.unwrap().is_half);
    assert!(storage.complete_session(&half).await.unwrap().is_none());
    assert_eq!(signed_in().await, 1);
    let another = storage.begin_session(&ada, true, OFFICE, "a browser");
    let another = another.await.unwrap();
    database
        .run("update session set created_at = created_at - interval '10 minutes'")
        .await;
    assert!(open(storage, &another).await.is_none());
    assert!(open(storage, &whole).await.is_some());
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_without_use_and_after_seven_days_in_any_case() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    for (column, just_before, after) in [
        ("seen_at", "11 hours 59 minutes", "12 hours"),
        ("created_at", "6 days 23 hours 59 minutes", "7 days"),
    ] {
        let token = session(storage, &ada).await;
        let passes =
            |time: &str| format!("update session set {column} = clock_timestamp() - interval '{time}'");
        database.run(passes(just_before)).await;
        assert!(open(storage, &token).await.is_some(), "{column}");
        let listed = storage.sessions_of(&ada, &token).await.unwrap();
        assert_eq!(listed.len(), 1, "{column}");
        database.run(passes(after)).await;
        assert!(open(storage, &token).await.is_none(), "{column}");
        assert!(storage.sessions_of(&ada, &token).await.unwrap().is_empty());
        storage.forget_ended_sign_ins().await.unwrap();
        assert_eq!(
            database.number("select count(*) from session").await,
            0,
            "{column}"
        );
    }
}

#[tokio::test]
async fn a_session_that_is_used_goes_on() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let token = session(storage, &ada).await;
    for _ in 0..2 {
        database
            .run("update session set seen_at = seen_at - interval '11 hours'")
            .await;
        assert!(open(storage, &token).await.is_some());
    }
}

#[tokio::test]
async fn a_person_who_is_disabled_is_shut_out_at_once() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Admin).await;
    let (of_ada, of_bob) = (session(storage, &ada).await, session(storage, &bob).await);
    let choose = storage.password_link("bob@example.com").await.unwrap().unwrap();
    let sign_in = storage.sign_in_link("bob@example.com").await.unwrap().unwrap();
    assert!(storage.disable_person("Bob@example.com").await.unwrap());
    assert!(open(storage, &of_bob).await.is_none());
    assert!(open(storage, &of_ada).await.is_some());
    let outcome = attempt(storage, "bob@example.com", PASSWORD, OFFICE).await;
    assert!(matches!(outcome, SignIn::Wrong), "{outcome:?}");
    assert!(storage.follow_sign_in_link(&sign_in).await.unwrap().is_none());
    storage
        .choose_password(&choose, &password(PASSWORD))
        .await
        .unwrap();
    let outcome = attempt(storage, "bob@example.com", PASSWORD, OFFICE).await;
    assert!(matches!(outcome, SignIn::Wrong), "{outcome:?}");
    // Also a session that began a moment later, as of a request under way.
    let late = session(storage, &bob).await;
    assert!(open(storage, &late).await.is_none());
    assert!(storage.password_link("bob@example.com").await.unwrap().is_none());
    assert!(member(&database, "bob@example.com").await.is_none());
    assert!(!storage.disable_person("bob@example.com").await.unwrap());
}
