//! Who gets in, by what, and for how long.

mod attempts;
mod invitations;
mod links;
mod provider;
mod roles;
mod sessions;

use domain::{Name, Role};
use secrecy::SecretString;
use storage::{
    AcceptLink, AcceptLinkRefusal, AuditEntry, Member, Person, Session, SignIn, SignInAttempt, Storage,
    Token, Workspace,
};

use crate::database::TestDatabase;

const PASSWORD: &str = "correct horse battery";
/// Where people sit, unless a test says otherwise.
const OFFICE: &str = "192.0.2.1";
/// Where somebody sits who guesses.
const ELSEWHERE: &str = "198.51.100.7";

fn password(text: &str) -> SecretString {
    SecretString::from(text)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

async fn set_up(storage: &Storage, link: &Token, email: &str) -> AcceptLink {
    storage
        .set_up(link, email, &name("Ada"), &password(PASSWORD))
        .await
        .unwrap()
}

fn refusal(outcome: AcceptLink) -> Option<AcceptLinkRefusal> {
    match outcome {
        AcceptLink::Accepted(_) => None,
        AcceptLink::Refused(why) => Some(why),
    }
}

/// The first admin of the database: `ada@example.com`.
async fn admin(database: &TestDatabase) -> Person {
    let storage = &database.storage;
    let link = storage.setup_link().await.unwrap().unwrap();
    assert_eq!(refusal(set_up(storage, &link, "ada@example.com").await), None);
    right(attempt(storage, "ada@example.com", PASSWORD, OFFICE).await)
}

/// Somebody who followed an invitation.
async fn invited(database: &TestDatabase, email: &str, role: Role) -> Person {
    let storage = &database.storage;
    let link = storage
        .invite(&database.workspace, email, role, false)
        .await
        .unwrap();
    let accepted = storage
        .accept_invitation(&link, &name(email), &password(PASSWORD))
        .await
        .unwrap();
    assert_eq!(refusal(accepted), None);
    right(attempt(storage, email, PASSWORD, OFFICE).await)
}

async fn attempt(storage: &Storage, email: &str, text: &str, address: &str) -> SignIn {
    let attempt = SignInAttempt {
        email,
        password: &password(text),
        address,
    };
    storage.sign_in(&attempt).await.unwrap()
}

fn right(outcome: SignIn) -> Person {
    match outcome {
        SignIn::Right(person) => person,
        other => panic!("not in: {other:?}"),
    }
}

async fn session(storage: &Storage, person: &Person) -> Token {
    let begun = storage.begin_session(person, false, OFFICE, "a browser");
    begun.await.unwrap()
}

async fn open(storage: &Storage, token: &Token) -> Option<Session> {
    storage.session(token).await.unwrap()
}

async fn member(database: &TestDatabase, email: &str) -> Option<Member> {
    let members = database.storage.members(&database.workspace).await.unwrap();
    members.into_iter().find(|member| member.person.email == email)
}

async fn entries(storage: &Storage, workspace: &Workspace, action: &str) -> Vec<AuditEntry> {
    let entries = storage.audit_entries(workspace, None, 1_000).await.unwrap();
    entries
        .into_iter()
        .filter(|entry| entry.action == action)
        .collect()
}
