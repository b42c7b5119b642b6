//! The database that every test's own is cloned from, made once for each state of the migrations.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use sqlx::PgConnection;
use tokio::sync::OnceCell;

use super::{
    database::{connect, execute, url_of},
    server::{Environment, program},
};

/// Any number, the same in all test processes.
const LOCK: i64 = 0x0063_6f75_706f_6e72;

/// The template's name. Made at most once, whatever the number of threads and processes that want it.
pub(super) async fn template() -> &'static str {
    static NAME: OnceCell<String> = OnceCell::const_new();
    NAME.get_or_init(async || {
        let name = format!("couponry_template_{:016x}", hash_of_migrations());
        let mut server = connect(None).await;
        execute(&mut server, format!("select pg_advisory_lock({LOCK})")).await;
        if !exists(&mut server, &name).await {
            make(&mut server, &name).await;
        }
        // Closing the session releases the lock.
        name
    })
    .await
}

async fn exists(server: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(server)
        .await
        .unwrap()
}

/// Under another name until it is whole, so that a run that was killed leaves no half template.
async fn make(server: &mut PgConnection, name: &str) {
    let unfinished = format!("{name}_new");
    execute(
        server,
        format!("drop database if exists {unfinished} with (force)"),
    )
    .await;
    execute(server, format!("create database {unfinished}")).await;
    migrate(&unfinished);
    execute(server, format!("alter database {unfinished} rename to {name}")).await;
}

fn migrate(database: &str) {
    let environment = Environment::from([("DATABASE_URL".to_owned(), url_of(database))]);
    let output = program(&environment).arg("migrate").output().unwrap();
    assert!(
        output.status.success(),
        "`couponry migrate` failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn hash_of_migrations() -> u64 {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}
