//! Invitations and their mails.

use std::time::Duration;

use storage::{AuthenticationError, InvitationToSend, Job, JobKind, MailState, Storage};

use super::*;

async fn claim(storage: &Storage, lease: Duration) -> InvitationToSend {
    let claimed = storage
        .claim_job(JobKind::SendInvitation, u32::MAX, lease)
        .await
        .unwrap();
    let Some(Job::SendInvitation(invitation)) = claimed else {
        panic!("{claimed:?}")
    };
    invitation
}

async fn state(database: &TestDatabase) -> Option<MailState> {
    let open = database.storage.invitations(&database.workspace).await.unwrap();
    open[0].mail
}

#[tokio::test]
async fn a_worker_that_lost_the_mail_changes_neither_its_link_nor_its_state() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    storage
        .invite(&database.workspace, "bob@example.com", Role::Viewer, true)
        .await
        .unwrap();
    let lost = claim(storage, Duration::ZERO).await;
    let former = storage.invitation_to_mail(&lost).await.unwrap().unwrap();
    assert_eq!(storage.rescue_jobs().await.unwrap(), 1);
    let taken_over = claim(storage, Duration::from_mins(1)).await;
    let letter = storage.invitation_to_mail(&taken_over).await.unwrap().unwrap();
    assert_eq!((&*letter.email, letter.role), ("bob@example.com", Role::Viewer));
    assert!(storage.invitation_to_mail(&lost).await.unwrap().is_none());
    assert!(!storage.invitation_mailed(&lost).await.unwrap());
    assert_eq!(state(&database).await, Some(MailState::Waiting));
    assert!(storage.one_time_link(&former.token).await.unwrap().is_none());
    assert!(storage.one_time_link(&letter.token).await.unwrap().is_some());
    assert!(storage.invitation_mailed(&taken_over).await.unwrap());
    assert_eq!(state(&database).await, Some(MailState::Sent));
}

#[tokio::test]
async fn a_mail_that_another_one_follows_is_not_sent() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let invite = async || {
        let made = storage.invite(&database.workspace, "bob@example.com", Role::Viewer, true);
        made.await.unwrap();
        claim(storage, Duration::from_mins(1)).await
    };
    let (first, second) = (invite().await, invite().await);
    assert!(storage.invitation_to_mail(&first).await.unwrap().is_none());
    assert!(storage.invitation_mailed(&first).await.unwrap());
    assert_eq!(state(&database).await, Some(MailState::Waiting));
    assert!(storage.invitation_to_mail(&second).await.unwrap().is_some());
    let given_up = storage
        .give_up_job(JobKind::SendInvitation, second.claim, "refused")
        .await;
    given_up.unwrap();
    assert_eq!(state(&database).await, Some(MailState::Failed));
}

#[tokio::test]
async fn an_invitation_of_another_workspace_is_not_withdrawn() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    storage
        .invite(&database.workspace, "bob@example.com", Role::Viewer, false)
        .await
        .unwrap();
    let id = storage.invitations(&database.workspace).await.unwrap()[0].id;
    let (name, key) = storage
        .create_workspace("other", None, None)
        .await
        .unwrap()
        .unwrap();
    let other = storage
        .authenticate(&name, &key, || Ok::<_, AuthenticationError>(()))
        .await;
    let other = other.unwrap().unwrap();
    assert!(storage.invitations(&other).await.unwrap().is_empty());
    assert!(!storage.withdraw_invitation(&other, id).await.unwrap());
    assert!(
        storage
            .withdraw_invitation(&database.workspace, id)
            .await
            .unwrap()
    );
}
