//! Keys that were stored before the keys of a workspace shared a salt.

use std::{fs, path::Path};

use argon2::{Argon2, PasswordHash, PasswordHasher as _};
use domain::WorkspaceId;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use storage::{AuthenticationError, KeyStatus, Storage};

use crate::database::{empty_database, settings};

const ID: &str = "from before";

async fn store(session: &mut PgConnection, key: &str) {
    let hash: PasswordHash = Argon2::default().hash_password(key.as_bytes()).unwrap();
    sqlx::query("insert into api_key (workspace_id, hash) select workspace_id, $1 from workspace")
        .bind(hash.to_string())
        .execute(session)
        .await
        .unwrap();
}

/// The migrations one after the other; before the one about keys there are two of them, each with a salt of its own.
async fn migrate_with_keys(session: &mut PgConnection) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    for file in files {
        if file.ends_with("0040_api_keys.sql") {
            sqlx::query("insert into workspace (public_id, name) values ($1, $1)")
                .bind(ID)
                .execute(&mut *session)
                .await
                .unwrap();
            store(session, "the older key").await;
            store(session, "the newer key").await;
        }
        let text = fs::read_to_string(&file).unwrap();
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut *session)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_newest_key_of_a_workspace_goes_on_and_older_ones_are_revoked() {
    let url = empty_database().await;
    let options = secrecy::ExposeSecret::expose_secret(&url).parse().unwrap();
    migrate_with_keys(&mut PgConnection::connect_with(&options).await.unwrap()).await;
    let storage = Storage::connect(&settings(&url)).unwrap();
    let id = WorkspaceId::new(ID).unwrap();
    for (key, opens) in [("the newer key", true), ("the older key", false)] {
        let found = storage
            .authenticate(&id, &SecretString::from(key), || Ok::<_, AuthenticationError>(()))
            .await
            .unwrap();
        assert_eq!(found.is_some(), opens, "{key}");
    }
    let owner = storage.key_owner(&id).await.unwrap().unwrap();
    let keys = storage.api_keys(&owner).await.unwrap();
    let states: Vec<_> = keys.iter().map(|key| key.status).collect();
    assert_eq!(states, [KeyStatus::Active, KeyStatus::Revoked]);
}
