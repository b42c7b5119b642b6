//! Those whom an identity provider vouches for.

use storage::{ProviderRole, ProviderSignIn, SignInByProviderRefusal, Storage, Vouched};

use super::*;

const ISSUER: &str = "https://login.example.com";

async fn vouch(storage: &Storage, subject: &str, email: &str, role: Option<Role>) -> ProviderSignIn {
    let roles: Vec<ProviderRole> = role
        .map(|role| ProviderRole {
            workspace: None,
            role,
        })
        .into_iter()
        .collect();
    let vouched = Vouched {
        issuer: ISSUER,
        subject,
        verified_email: Some(email),
        name: "Ada",
        roles: Some(&roles),
    };
    storage.sign_in_by_provider(&vouched).await.unwrap()
}

#[track_caller]
fn known(outcome: ProviderSignIn) -> i64 {
    match outcome {
        ProviderSignIn::Known(person) => person,
        ProviderSignIn::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[tokio::test]
async fn somebody_new_who_comes_several_times_at_once_is_made_once() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let come = || vouch(storage, "ada-1", "ada@example.com", Some(Role::Admin));
    let (one, two, three, four) = tokio::join!(come(), come(), come(), come());
    let first = known(one);
    for other in [two, three, four] {
        assert_eq!(known(other), first);
    }
    let members = storage.members(&database.workspace).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].role, Role::Admin);
}

#[tokio::test]
async fn a_role_that_an_admin_has_set_is_not_the_providers_any_more() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    known(vouch(storage, "bob-1", "bob@example.com", Some(Role::Admin)).await);
    let role = async || {
        let members = storage.members(&database.workspace).await.unwrap();
        let bob = members
            .into_iter()
            .find(|member| member.person.email == "bob@example.com");
        bob.map(|bob| (bob.role, bob.person.public_id))
    };
    let (_, id) = role().await.unwrap();
    let changed = storage
        .change_role(&database.workspace, id, Some(Role::Viewer))
        .await;
    assert_eq!(changed.unwrap(), Some(true));
    for says in [Some(Role::Admin), None] {
        known(vouch(storage, "bob-1", "bob@example.com", says).await);
        assert_eq!(role().await.unwrap().0, Role::Viewer, "{says:?}");
    }
    // Taken away here, it comes back from there.
    storage.change_role(&database.workspace, id, None).await.unwrap();
    known(vouch(storage, "bob-1", "bob@example.com", Some(Role::Manager)).await);
    assert_eq!(role().await.unwrap().0, Role::Manager);
    known(vouch(storage, "bob-1", "bob@example.com", None).await);
    assert_eq!(role().await, None);
}

/// Whoever passed an invitation's link on could have chosen the password before.
#[tokio::test]
async fn what_was_chosen_before_the_provider_vouched_opens_nothing_any_more() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Viewer).await;
    let before = session(storage, &bob).await;
    let link = storage.password_link("bob@example.com").await.unwrap().unwrap();
    storage.set_totp(&bob, &[7; 20], 1, &[]).await.unwrap();
    let vouched = known(vouch(storage, "bob-1", "bob@example.com", None).await);
    assert!(open(storage, &before).await.is_none());
    assert!(storage.one_time_link(&link).await.unwrap().is_none());
    assert!(storage.totp_secret(&bob).await.unwrap().is_none());
    let outcome = attempt(storage, "bob@example.com", PASSWORD, OFFICE).await;
    assert!(matches!(outcome, SignIn::Wrong), "{outcome:?}");
    // Who comes again keeps what was chosen since.
    let link = storage.password_link("bob@example.com").await.unwrap().unwrap();
    let again = known(vouch(storage, "bob-1", "bob@example.com", None).await);
    assert_eq!(again, vouched);
    assert!(storage.one_time_link(&link).await.unwrap().is_some());
}

#[tokio::test]
async fn a_link_that_was_made_before_somebody_joined_another_workspace_does_not_open_it() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Viewer).await;
    let made = storage.password_link_for_member(&database.workspace, &ada, bob.public_id);
    let link = made.await.unwrap().unwrap().unwrap();
    let (other, _) = storage
        .create_workspace("other", None, None)
        .await
        .unwrap()
        .unwrap();
    let roles = [ProviderRole {
        workspace: Some(other.as_str().to_owned()),
        role: Role::Manager,
    }];
    let vouched = Vouched {
        issuer: ISSUER,
        subject: "bob-1",
        verified_email: Some("bob@example.com"),
        name: "Bob",
        roles: Some(&roles),
    };
    known(storage.sign_in_by_provider(&vouched).await.unwrap());
    assert!(storage.one_time_link(&link).await.unwrap().is_none());
}

#[tokio::test]
async fn the_provider_neither_makes_the_first_person_a_viewer_nor_takes_the_last_admin() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let first = vouch(storage, "eve-1", "eve@example.com", Some(Role::Viewer)).await;
    assert!(matches!(
        first,
        ProviderSignIn::Refused(SignInByProviderRefusal::Unknown)
    ));
    assert!(storage.setup_link().await.unwrap().is_some());
    known(vouch(storage, "pat-1", "pat@example.com", Some(Role::Admin)).await);
    for says in [Some(Role::Viewer), None] {
        known(vouch(storage, "pat-1", "pat@example.com", says).await);
        let pat = member(&database, "pat@example.com").await.unwrap();
        assert_eq!(pat.role, Role::Admin, "{says:?}");
    }
    // With another admin it is the provider's word again.
    storage.make_admin("ada@example.com", "Ada").await.unwrap();
    known(vouch(storage, "pat-1", "pat@example.com", Some(Role::Viewer)).await);
    assert_eq!(
        member(&database, "pat@example.com").await.unwrap().role,
        Role::Viewer
    );
    // What an operator gives is not the provider's.
    storage.make_admin("pat@example.com", "Pat").await.unwrap();
    known(vouch(storage, "pat-1", "pat@example.com", None).await);
    assert_eq!(
        member(&database, "pat@example.com").await.unwrap().role,
        Role::Admin
    );
}

#[tokio::test]
async fn another_subject_is_another_person_though_the_address_is_the_same() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    known(vouch(storage, "ada-1", "ada@example.com", None).await);
    let other = vouch(storage, "eve-2", "ada@example.com", Some(Role::Admin)).await;
    assert!(matches!(
        other,
        ProviderSignIn::Refused(SignInByProviderRefusal::OtherSubject)
    ));
}
