//! Who may do what, and whose doing it was.

use domain::Role;
use storage::Person;

use super::{admin, entries, invited, member, name, open, session};
use crate::{api_keys::EVERYTHING, database::TestDatabase};

#[tokio::test]
async fn a_workspace_keeps_an_admin() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Manager).await;
    let change = async |person: &Person, role| {
        let changed = storage.change_role(&database.workspace, person.public_id, role);
        changed.await.unwrap()
    };
    assert_eq!(change(&ada, Some(Role::Viewer)).await, Some(false));
    assert_eq!(change(&ada, None).await, Some(false));
    assert_eq!(
        member(&database, "ada@example.com").await.unwrap().role,
        Role::Admin
    );
    assert_eq!(change(&bob, Some(Role::Admin)).await, Some(true));
    // Both at once: one of them stays.
    let changed = tokio::join!(change(&ada, None), change(&bob, Some(Role::Viewer)));
    assert!(
        matches!(changed, (Some(true), Some(false)) | (Some(false), Some(true))),
        "{changed:?}"
    );
    let members = storage.members(&database.workspace).await.unwrap();
    let admins = members.iter().filter(|member| member.role == Role::Admin);
    assert_eq!(admins.count(), 1);
}

#[tokio::test]
async fn a_role_change_ends_the_persons_sessions_and_nobody_elses() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Viewer).await;
    let of_ada = session(storage, &ada).await;
    let of_bob = [session(storage, &bob).await, session(storage, &bob).await];
    assert_eq!(
        open(storage, &of_bob[0]).await.unwrap().memberships[0].role,
        Role::Viewer
    );
    let changed = storage.change_role(&database.workspace, bob.public_id, Some(Role::Manager));
    assert_eq!(changed.await.unwrap(), Some(true));
    for token in &of_bob {
        assert!(open(storage, token).await.is_none());
    }
    assert!(open(storage, &of_ada).await.is_some());
    let again = session(storage, &bob).await;
    assert_eq!(
        open(storage, &again).await.unwrap().memberships[0].role,
        Role::Manager
    );
}

#[tokio::test]
async fn what_is_done_at_the_console_is_noted_with_the_person() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let token = session(storage, &ada).await;
    let workspace = open(storage, &token)
        .await
        .unwrap()
        .memberships
        .remove(0)
        .workspace;
    let owner = storage.key_owner_at_console(&workspace).await.unwrap();
    storage
        .create_api_key(&owner, &name("Braze"), &EVERYTHING, None)
        .await
        .unwrap();
    storage.note_of_account(&ada, "account.password").await.unwrap();
    for (action, about) in [
        ("sign-in", None),
        ("key.create", Some("Braze")),
        ("account.password", None),
    ] {
        let noted = entries(storage, &database.workspace, action).await;
        assert_eq!(noted.len(), 1, "{action}");
        assert_eq!(noted[0].person.as_deref(), Some("Ada"), "{action}");
        assert_eq!(noted[0].object_name.as_deref(), about, "{action}");
    }
}
