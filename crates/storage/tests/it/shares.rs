//! No workspace takes all of the handlers' connections.

use std::{sync::Arc, time::Duration};

use sqlx::Connection as _;
use storage::{AuthenticationError, Settings, Storage};

use crate::database::{TestDatabase, make_list, settings};

#[tokio::test]
async fn a_workspace_whose_calls_are_stuck_leaves_two_thirds_of_the_connections_to_the_others() {
    let database = TestDatabase::new().await;
    let storage = Storage::connect(&Settings {
        connections: 6,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(60),
        ..settings(&database.url)
    })
    .unwrap();
    let (id, key) = storage
        .create_workspace("other", None, None)
        .await
        .unwrap()
        .unwrap();
    let other = storage.authenticate(&id, &key, || Ok::<_, AuthenticationError>(()));
    let other = other.await.unwrap().unwrap();
    let other_list = make_list(&storage, &other, "theirs").await;

    let mut holder = database.connect().await;
    sqlx::raw_sql("begin; select from gate for update")
        .execute(&mut holder)
        .await
        .unwrap();
    let stuck: Vec<_> = (0..10)
        .map(|_| {
            let (storage, list) = (storage.clone(), Arc::clone(&database.list));
            tokio::spawn(async move { storage.archive_list(&list).await })
        })
        .collect();
    database.until_waiting_for_a_lock(2).await;
    // Eight more of them want a connection. The others' calls get theirs, four at a time.
    let calls = (0..20).map(|_| storage.stock(&other_list));
    for stock in futures_util::future::join_all(calls).await {
        assert_eq!(stock.unwrap().total, 0);
    }
    database.until_waiting_for_a_lock(2).await;

    holder.close().await.unwrap();
    for call in stuck {
        call.await.unwrap().unwrap();
    }
}
