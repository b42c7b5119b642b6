//! Links that open once.

use domain::Role;
use storage::{AcceptLinkRefusal, LinkKind, SignIn, Token};

use super::{
    OFFICE, PASSWORD, admin, attempt, entries, invited, member, name, open, password, refusal, right,
    session, set_up,
};
use crate::database::TestDatabase;

#[tokio::test]
async fn the_first_setup_link_makes_one_admin_and_dies_with_all_others() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    // As two servers that start on an empty database.
    let one = storage.setup_link().await.unwrap().unwrap();
    let other = storage.setup_link().await.unwrap().unwrap();
    let kind = storage.one_time_link(&one).await.unwrap().unwrap().kind;
    assert_eq!(kind, LinkKind::Setup);
    let outcomes = tokio::join!(
        set_up(storage, &one, "ada@example.com"),
        set_up(storage, &other, "eve@example.com"),
    );
    let mut refusals = [refusal(outcomes.0), refusal(outcomes.1)];
    refusals.sort_by_key(Option::is_some);
    assert_eq!(refusals, [None, Some(AcceptLinkRefusal::SetUp)]);
    let members = storage.members(&database.workspace).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].role, Role::Admin);
    for link in [&one, &other] {
        assert!(storage.one_time_link(link).await.unwrap().is_none());
        let again = set_up(storage, link, "mallory@example.com").await;
        assert_eq!(refusal(again), Some(AcceptLinkRefusal::SetUp));
    }
    assert!(storage.setup_link().await.unwrap().is_none());
    assert_eq!(database.number("select count(*) from one_time_link").await, 0);
}

#[tokio::test]
async fn an_invitation_makes_a_member_once() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let link = storage
        .invite(&database.workspace, "Bob@Example.com", Role::Manager, false)
        .await
        .unwrap();
    let follow = async || {
        let accepted = storage
            .accept_invitation(&link, &name("Bob"), &password(PASSWORD))
            .await
            .unwrap();
        refusal(accepted)
    };
    let outcomes = tokio::join!(follow(), follow());
    let mut outcomes = [outcomes.0, outcomes.1];
    outcomes.sort_by_key(Option::is_some);
    assert_eq!(outcomes, [None, Some(AcceptLinkRefusal::Gone)]);
    let bob = member(&database, "bob@example.com").await.unwrap();
    assert_eq!((bob.role, bob.person.name.as_str()), (Role::Manager, "Bob"));
    right(attempt(storage, "BOB@example.com", PASSWORD, OFFICE).await);
    assert_eq!(
        entries(storage, &database.workspace, "person.join").await.len(),
        1
    );
}

#[tokio::test]
async fn who_is_known_keeps_name_and_password_and_who_is_a_member_the_role() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    // Otherwise a link would leave the workspace without an admin.
    let link = storage
        .invite(&database.workspace, "ada@example.com", Role::Viewer, false)
        .await
        .unwrap();
    // The page was looked at before Ada had an account.
    let accepted = storage
        .accept_invitation(&link, &name("Mallory"), &password("another horse battery"))
        .await
        .unwrap();
    assert_eq!(refusal(accepted), Some(AcceptLinkRefusal::OtherPerson));
    assert!(storage.one_time_link(&link).await.unwrap().is_some());
    let accepted = storage.accept_invitation_as_known(&link).await.unwrap();
    assert_eq!(refusal(accepted), None);
    let ada = member(&database, "ada@example.com").await.unwrap();
    assert_eq!((ada.role, ada.person.name.as_str()), (Role::Admin, "Ada"));
    right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await);
}

#[tokio::test]
async fn nobody_becomes_a_member_as_a_person_who_is_not_there() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let invited = storage.invite(&database.workspace, "bob@example.com", Role::Viewer, false);
    let link = invited.await.unwrap();
    let accepted = storage.accept_invitation_as_known(&link).await.unwrap();
    assert_eq!(refusal(accepted), Some(AcceptLinkRefusal::OtherPerson));
    assert!(storage.one_time_link(&link).await.unwrap().is_some());
    assert!(member(&database, "bob@example.com").await.is_none());
}

#[tokio::test]
async fn a_link_that_is_used_unknown_or_old_opens_nothing() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    admin(&database).await;
    let opens_nothing = async |link: &Token| {
        assert!(storage.one_time_link(link).await.unwrap().is_none());
        assert!(storage.follow_sign_in_link(link).await.unwrap().is_none());
        let chosen = storage
            .choose_password(link, &password("another horse battery"))
            .await
            .unwrap();
        assert!(!chosen);
        let accepted = storage
            .accept_invitation(link, &name("Eve"), &password(PASSWORD))
            .await
            .unwrap();
        assert_eq!(refusal(accepted), Some(AcceptLinkRefusal::Gone));
    };
    opens_nothing(&Token::read(&"ab".repeat(32)).unwrap()).await;

    let used = storage.sign_in_link("ada@example.com").await.unwrap().unwrap();
    assert!(storage.follow_sign_in_link(&used).await.unwrap().is_some());
    opens_nothing(&used).await;
    let used = storage.password_link("ada@example.com").await.unwrap().unwrap();
    assert!(storage.choose_password(&used, &password(PASSWORD)).await.unwrap());
    opens_nothing(&used).await;

    let sign_in = storage.sign_in_link("ada@example.com").await.unwrap().unwrap();
    let choose = storage.password_link("ada@example.com").await.unwrap().unwrap();
    let invitation = storage.invite(&database.workspace, "eve@example.com", Role::Admin, false);
    let invitation = invitation.await.unwrap();
    for link in [&sign_in, &choose, &invitation] {
        assert!(storage.one_time_link(link).await.unwrap().is_some());
    }
    database
        .run("update one_time_link set expires_at = clock_timestamp() - interval '1 second'")
        .await;
    for link in [&sign_in, &choose, &invitation] {
        opens_nothing(link).await;
    }
    assert!(member(&database, "eve@example.com").await.is_none());
    right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await);
}

#[tokio::test]
async fn a_link_for_a_new_password_ends_sessions_and_all_other_links_of_the_person() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let token = session(storage, &ada).await;
    let links = [(); 2].map(|()| storage.password_link("ada@example.com"));
    let [one, other] = links;
    let (one, other) = (one.await.unwrap().unwrap(), other.await.unwrap().unwrap());
    let fresh = "another horse battery";
    assert!(storage.choose_password(&one, &password(fresh)).await.unwrap());
    assert!(storage.one_time_link(&other).await.unwrap().is_none());
    assert!(open(storage, &token).await.is_none());
    assert!(matches!(
        attempt(storage, "ada@example.com", PASSWORD, OFFICE).await,
        SignIn::Wrong
    ));
    right(attempt(storage, "ada@example.com", fresh, OFFICE).await);
}

#[tokio::test]
async fn an_admin_makes_links_for_members_whose_other_workspaces_are_the_admins_too() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let ada = admin(&database).await;
    let bob = invited(&database, "bob@example.com", Role::Viewer).await;
    let link = async || {
        let made = storage.password_link_for_member(&database.workspace, &ada, bob.public_id);
        made.await.unwrap().map(|link| link.is_some())
    };
    assert_eq!(link().await, Some(true));
    let (other, _) = storage
        .create_workspace("other", None, None)
        .await
        .unwrap()
        .unwrap();
    let join = |email: &str, role: &str| {
        format!(
            "insert into membership (person_id, workspace_id, role) select p.person_id, w.workspace_id, '{role}'
             from person p, workspace w where p.email = '{email}' and w.public_id = '{}'
             on conflict (person_id, workspace_id) do update set role = excluded.role",
            other.as_str()
        )
    };
    database.run(join("bob@example.com", "admin")).await;
    assert_eq!(link().await, Some(false));
    database.run(join("ada@example.com", "manager")).await;
    assert_eq!(link().await, Some(false));
    database.run(join("ada@example.com", "admin")).await;
    assert_eq!(link().await, Some(true));
    assert_eq!(database.number("select count(*) from one_time_link").await, 2);
    storage
        .change_role(&database.workspace, bob.public_id, None)
        .await
        .unwrap();
    assert_eq!(link().await, None);
}
