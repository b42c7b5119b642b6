//! What an attempt costs, and for how long a process goes by what it has read.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{KeyRole, Name, WorkspaceId};
use secrecy::SecretString;
use storage::{
    ApiKey, AuthenticationError, CreateKey, KeyMemory, KeyOwner, KeyRights, RevokedKey, Storage, Workspace,
};

use crate::database::{TestDatabase, settings};

/// Long enough for a slow machine to refresh in, short enough for a test.
const MEMORY: KeyMemory = KeyMemory {
    refresh_after: Duration::from_millis(100),
    forget_after: Duration::from_millis(1_500),
};

/// What a key may do that has every right.
pub(crate) const EVERYTHING: KeyRights = KeyRights {
    role: KeyRole::Manage,
    lists: None,
};

type Found = Result<Option<Workspace>, AuthenticationError>;

async fn present(storage: &Storage, workspace: &WorkspaceId, key: &ApiKey) -> Found {
    storage.authenticate(workspace, key, || Ok(())).await
}

fn wrong(n: usize) -> ApiKey {
    SecretString::from(format!("a wrong key, number {n}"))
}

async fn workspace(storage: &Storage, name: &str) -> (WorkspaceId, ApiKey, KeyOwner) {
    let (id, key) = storage.create_workspace(name, None, None).await.unwrap().unwrap();
    let owner = storage.key_owner(&id).await.unwrap().unwrap();
    (id, key, owner)
}

async fn one_more(storage: &Storage, owner: &KeyOwner) -> (i64, ApiKey) {
    let label = Name::new("one more").unwrap();
    match storage
        .create_api_key(owner, &label, &EVERYTHING, None)
        .await
        .unwrap()
    {
        CreateKey::Created { key_id, secret } => (key_id, secret),
        CreateKey::Refused(why) => panic!("not created: {why:?}"),
    }
}

/// Another process on the same database.
fn process(database: &TestDatabase, connections: u32) -> Storage {
    process_with(database, connections, MEMORY)
}

fn process_with(database: &TestDatabase, connections: u32, memory: KeyMemory) -> Storage {
    let settings = storage::Settings {
        connections,
        statement_timeout: Duration::from_secs(20),
        acquire_timeout: Duration::from_millis(500),
        ..settings(&database.url)
    };
    Storage::connect_remembering(&settings, memory).unwrap()
}

/// Asks again and again until it is so.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_wrong_key_costs_one_hash_however_many_keys_there_are_and_whether_or_not_there_is_a_workspace() {
    let database = TestDatabase::new().await;
    let storage = &database.storage;
    let (one, ..) = workspace(storage, "one key").await;
    let (many, _, owner) = workspace(storage, "many keys").await;
    for _ in 0..6 {
        one_more(storage, &owner).await;
    }
    let (none, _, keyless) = workspace(storage, "no key").await;
    let first = storage.api_keys(&keyless).await.unwrap()[0].key_id;
    storage.revoke_api_key(&keyless, first).await.unwrap();
    let nobody = WorkspaceId::new("nobody").unwrap();
    // Cold, and then with what was remembered of the workspace.
    for round in 0..2 {
        for id in [&one, &many, &none, &nobody] {
            let before = storage.keys_hashed();
            assert!(present(storage, id, &wrong(round)).await.unwrap().is_none());
            assert_eq!(storage.keys_hashed() - before, 1, "{id}");
        }
    }
}

#[tokio::test]
async fn a_right_key_is_hashed_once_whichever_of_many_it_is() {
    let database = TestDatabase::new().await;
    let (id, first, owner) = workspace(&database.storage, "many keys").await;
    let mut keys = vec![first];
    for _ in 0..3 {
        keys.push(one_more(&database.storage, &owner).await.1);
    }
    let storage = process(&database, 2);
    let before = storage.keys_hashed();
    for _ in 0..3 {
        for key in &keys {
            assert!(present(&storage, &id, key).await.unwrap().is_some());
        }
    }
    assert_eq!(storage.keys_hashed() - before, keys.len() as u64);
}

#[tokio::test]
async fn what_may_refuse_a_hash_is_asked_before_every_one_and_for_no_other_request() {
    let database = TestDatabase::new().await;
    let (id, key, _) = workspace(&database.storage, "shielded").await;
    let storage = process(&database, 2);
    let refused = async |id: &WorkspaceId, key: &ApiKey| {
        let refuse = || Err(AuthenticationError::Busy);
        storage.authenticate(id, key, refuse).await.is_err()
    };
    let nobody = WorkspaceId::new("nobody").unwrap();
    for (id, key) in [(&id, &key), (&id, &wrong(0)), (&nobody, &wrong(0))] {
        assert!(refused(id, key).await);
    }
    assert_eq!(storage.keys_hashed(), 0);
    assert!(present(&storage, &id, &key).await.unwrap().is_some());
    assert!(!refused(&id, &key).await);
}

/// A handler of one workspace holds the only connection; what is known of another one's keys grows too old meanwhile.
#[tokio::test]
async fn stuck_handlers_of_one_workspace_lock_no_other_one_out() {
    let database = TestDatabase::new().await;
    let (id, key, _) = workspace(&database.storage, "another").await;
    let (unseen, unseen_key, _) = workspace(&database.storage, "not seen yet").await;
    let storage = process(&database, 1);
    assert!(present(&storage, &id, &key).await.unwrap().is_some());

    let mut holder = database.connect().await;
    sqlx::raw_sql("begin; lock table gate in access exclusive mode")
        .execute(&mut holder)
        .await
        .unwrap();
    let (handler, list) = (storage.clone(), Arc::clone(&database.list));
    let stuck = tokio::spawn(async move { handler.archive_list(&list).await });
    until("the connection to be held", async || {
        storage.ping().await.is_err()
    })
    .await;

    let started = Instant::now();
    while started.elapsed() < 2 * MEMORY.forget_after {
        let found = present(&storage, &id, &key).await;
        assert!(found.as_ref().is_ok_and(Option::is_some), "{found:?}");
        tokio::task::yield_now().await;
    }
    assert!(present(&storage, &unseen, &unseen_key).await.unwrap().is_some());
    drop(holder);
    stuck.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_used_is_read_ahead_so_that_a_revoked_key_is_refused_long_before_the_memory_ends() {
    let database = TestDatabase::new().await;
    let (id, first, owner) = workspace(&database.storage, "revoking").await;
    let (second, second_key) = one_more(&database.storage, &owner).await;
    let memory = KeyMemory {
        forget_after: Duration::from_hours(1),
        ..MEMORY
    };
    let storage = process_with(&database, 2, memory);
    let keeper = storage.clone();
    let keeping = tokio::spawn(async move { keeper.keep_credentials().await });
    for key in [&first, &second_key] {
        assert!(present(&storage, &id, key).await.unwrap().is_some());
    }
    let revoked = database.storage.revoke_api_key(&owner, second).await.unwrap();
    assert!(matches!(revoked, Some(RevokedKey { left: 1, .. })));
    until("the key to be refused", async || {
        present(&storage, &id, &second_key).await.unwrap().is_none()
    })
    .await;
    assert!(present(&storage, &id, &first).await.unwrap().is_some());
    keeping.abort();
}

#[tokio::test]
async fn requests_go_on_while_keys_cannot_be_read_and_fail_closed_when_the_memory_ends() {
    let database = TestDatabase::new().await;
    let (id, key, _) = workspace(&database.storage, "away").await;
    let storage = process(&database, 2);
    let keeper = storage.clone();
    let keeping = tokio::spawn(async move { keeper.keep_credentials().await });
    assert!(present(&storage, &id, &key).await.unwrap().is_some());
    let mut holder = database.connect().await;
    sqlx::raw_sql("begin; lock table api_key in access exclusive mode")
        .execute(&mut holder)
        .await
        .unwrap();
    let held = Instant::now();
    assert!(present(&storage, &id, &key).await.unwrap().is_some());
    // By what is remembered, and then not "wrong" but "cannot be said".
    let end = loop {
        match present(&storage, &id, &key).await {
            Ok(Some(_)) => assert!(held.elapsed() < 2 * MEMORY.forget_after, "still believed"),
            other => break other,
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(end, Err(AuthenticationError::Storage(_))), "{end:?}");
    sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    until("the key to be taken again", async || {
        present(&storage, &id, &key)
            .await
            .is_ok_and(|found| found.is_some())
    })
    .await;
    keeping.abort();
}

#[tokio::test]
async fn requests_that_come_at_once_after_a_pause_read_the_keys_once() {
    let database = TestDatabase::new().await;
    let (id, key, _) = workspace(&database.storage, "paused").await;
    let memory = KeyMemory {
        forget_after: Duration::from_millis(1),
        ..MEMORY
    };
    let storage = process_with(&database, 2, memory);
    assert!(present(&storage, &id, &key).await.unwrap().is_some());
    let mut holder = database.connect().await;
    sqlx::raw_sql("begin; lock table api_key in access exclusive mode")
        .execute(&mut holder)
        .await
        .unwrap();
    let begun = Instant::now();
    until("the memory to end", async || {
        begun.elapsed() > 2 * memory.forget_after
    })
    .await;
    let all = futures_util::future::join_all((0..50).map(|_| present(&storage, &id, &key)));
    let release = async {
        // All have asked by now: they are polled before this.
        database.until_waiting_for_a_lock(1).await;
        sqlx::raw_sql("rollback").execute(&mut holder).await.unwrap();
    };
    let (found, ()) = tokio::join!(all, release);
    assert!(
        found.iter().all(|found| matches!(found, Ok(Some(_)))),
        "{found:?}"
    );
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_once_a_day() {
    let database = TestDatabase::new().await;
    let (id, key, owner) = workspace(&database.storage, "used").await;
    let storage = process(&database, 2);
    let keeper = storage.clone();
    let keeping = tokio::spawn(async move { keeper.keep_credentials().await });
    let day = async || {
        let keys = database.storage.api_keys(&owner).await.unwrap();
        keys[0].last_used_on.clone()
    };
    assert_eq!(day().await, None);
    present(&storage, &id, &key).await.unwrap().unwrap();
    until("the use to be noted", async || day().await.is_some()).await;
    // Of another day it is noted again, by a process that goes on.
    database
        .run("update api_key set last_used_on = last_used_on - 3 where last_used_on is not null")
        .await;
    let before = day().await;
    until("the use of today to be noted", async || {
        present(&storage, &id, &key).await.unwrap().unwrap();
        day().await > before
    })
    .await;
    keeping.abort();
}
