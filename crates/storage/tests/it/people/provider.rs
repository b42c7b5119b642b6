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
    let come = || vouch(storage, "ada-1", "ada@example.com", Some(Role::Manager));
    let (one, two, three, four) = tokio::join!(come(), come(), come(), come());
    let first = known(one);
    for other in [two, three, four] {
        assert_eq!(known(other), first);
    }
    let members = storage.members(&database.workspace).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].role, Role::Manager);
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
