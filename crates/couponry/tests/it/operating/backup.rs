//! `couponry backup` and `couponry restore`.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use reqwest::{Method, Url};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Place, complaint, list_of, output, run, succeeds};
use crate::app::{Client, Server, TestApp, assert_all_different, codes, send, until};

/// Who has which code.
async fn take(client: &Client, list: &str, users: impl Iterator<Item = usize>) -> HashMap<String, String> {
    let mut taken = HashMap::new();
    for user in users {
        let user = format!("user {user}");
        taken.insert(user.clone(), client.take(list, &user).await);
    }
    taken
}

async fn assert_same_codes(client: &Client, list: &str, taken: &HashMap<String, String>) {
    for (user, code) in taken {
        let repeat = client.allocate(list, &json!({"user_id": user})).await.expect(200);
        assert_eq!(repeat["coupon_code"], *code, "{user}");
    }
}

async fn run_sql(session: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(session)
        .await
        .unwrap();
}

#[tokio::test]
async fn who_had_a_code_before_a_backup_has_the_same_one_in_another_data_directory() {
    let place = Place::new();
    let (here, there) = (place.environment("here"), place.environment("there"));
    let mut server = Server::start(&here, &output()).await;
    let list = list_of(&server, 3_000).await;
    let before = take(&server, &list, 0..50).await;

    // Codes go on being handed out while the dump is made.
    let file = place.path("codes.dump");
    let file = file.to_str().unwrap();
    let is_dumped = AtomicBool::new(false);
    let going_on = async {
        let mut user = 50;
        while !is_dumped.load(Ordering::Relaxed) {
            take(&server, &list, user..=user).await;
            user += 1;
        }
        user
    };
    let dumping = async {
        succeeds(&here, &["backup", file]).await;
        is_dumped.store(true, Ordering::Relaxed);
    };
    let (users, ()) = tokio::join!(going_on, dumping);
    assert!(users > 50, "nothing was handed out meanwhile");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    server.kill();

    succeeds(&there, &["restore", file]).await;
    let restored = Server::start(&there, &output()).await;
    let [total, available, _, allocated, ..] = restored.stock(&list).await;
    assert_eq!(total, 3_000);
    assert_eq!(available + allocated, total);
    assert!(
        (50..=i64::try_from(users).unwrap()).contains(&allocated),
        "{allocated}"
    );
    assert_same_codes(&restored, &list, &before).await;
    assert_eq!(restored.stock(&list).await[3], allocated);
    // What went out after the dump is missing here, and goes to nobody else.
    let lost = users.to_string();
    succeeds(&there, &["database", "acknowledge", "--set-aside", &lost]).await;
    until("codes to be handed out again", async || {
        send(restored.anonymous(Method::GET, "/readyz")).await.expect(200)["status"] == "ready"
    })
    .await;
    let mut all: Vec<String> = before.into_values().collect();
    all.extend(take(&restored, &list, 5_000..5_050).await.into_values());
    assert_all_different(&all);
}

#[tokio::test]
async fn a_dump_moves_to_another_server_where_everything_belongs_to_the_role_of_the_url() {
    let place = Place::new();
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 200)).await;
    let before = take(&app, &list, 0..20).await;
    let file = place.path("codes.dump");
    let dumped = app.command(&["backup", file.to_str().unwrap()]);
    assert!(dumped.status.success(), "{}", complaint(&dumped));

    let name = format!("couponry_moved_{}", std::process::id());
    let mut session = app.database.connect().await;
    run_sql(&mut session, format!("create role {name} login")).await;
    run_sql(&mut session, format!("create database {name} owner {name}")).await;
    let mut url = Url::parse(&app.database.url()).unwrap();
    url.set_path(&name);
    let query = url
        .query()
        .unwrap()
        .replace("user=postgres", &format!("user={name}"));
    url.set_query(Some(&query));
    let moved = |arguments: &[&str]| {
        app.command_with(arguments, |environment| {
            environment.insert("DATABASE_URL".to_owned(), url.to_string());
        })
    };
    let restored = moved(&["restore", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", complaint(&restored));
    let again = moved(&["restore", file.to_str().unwrap()]);
    assert!(
        complaint(&again).contains("there is something already"),
        "{}",
        complaint(&again)
    );

    let mut there = PgConnection::connect(url.as_str()).await.unwrap();
    let strangers: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace
         and relowner <> (select oid from pg_roles where rolname = current_user)",
    )
    .fetch_one(&mut there)
    .await
    .unwrap();
    assert_eq!(strangers, 0);
    there.close().await.unwrap();
    let mut server = app
        .another_server_with(|environment| {
            environment.insert("DATABASE_URL".to_owned(), url.to_string());
        })
        .await;
    assert_same_codes(&server, &list, &before).await;
    // Sequences go on where they were: a list that is made now is another one.
    let other = server.create_list().await;
    assert_ne!(other, list);
    server.kill();
    run_sql(&mut session, format!("drop database {name} with (force)")).await;
    run_sql(&mut session, format!("drop role {name}")).await;
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let place = Place::new();
    let app = TestApp::start().await;
    let file = place.path("codes.dump");
    let path = file.to_str().unwrap();

    let nowhere = app.command(&["backup", "/does/not/exist/codes.dump"]);
    assert!(
        complaint(&nowhere).contains("cannot write into /does/not/exist"),
        "{}",
        complaint(&nowhere)
    );

    // As on a full disk: no file may grow beyond 8 blocks.
    let mut limited = Command::new("/bin/sh");
    let script = "ulimit -f 8; exec \"$0\" backup \"$1\"";
    limited.args(["-c", script, env!("CARGO_BIN_EXE_couponry"), path]);
    let full = limited.env("DATABASE_URL", app.database.url()).output().unwrap();
    assert!(!full.status.success());
    assert!(
        complaint(&full).contains("nothing was kept of the backup"),
        "{}",
        complaint(&full)
    );
    assert_eq!(
        fs::read_dir(place.0.path()).unwrap().count(),
        0,
        "something is left"
    );

    fs::write(&file, "precious").unwrap();
    let refused = app.command(&["backup", path]);
    assert!(
        complaint(&refused).contains("--overwrite"),
        "{}",
        complaint(&refused)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(app.command(&["backup", path, "--overwrite"]).status.success());
    assert_ne!(fs::read(&file).unwrap(), b"precious");
}

#[tokio::test]
async fn without_data_there_is_nothing_to_back_up_and_none_is_made() {
    let place = Place::new();
    let file = place.path("codes.dump");
    let ended = run(&place.environment("nothing"), &["backup", file.to_str().unwrap()]).await;
    assert!(
        complaint(&ended).contains("there is nothing to back up"),
        "{}",
        complaint(&ended)
    );
    assert!(!place.path("nothing").exists() && !file.exists());
}

#[tokio::test]
async fn a_dump_that_was_cut_off_restores_nothing_and_a_whole_one_does_afterwards() {
    let place = Place::new();
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 2_000)).await;
    let before = take(&app, &list, 0..3).await;
    let (whole, cut_off, none) = (place.path("whole"), place.path("cut_off"), place.path("none"));
    assert!(app.command(&["backup", whole.to_str().unwrap()]).status.success());
    let bytes = fs::read(&whole).unwrap();
    // Its contents are at the beginning.
    fs::write(&cut_off, &bytes[..bytes.len() - 1_000]).unwrap();
    fs::write(&none, "no dump").unwrap();

    let there = place.environment("there");
    let refused = run(&there, &["restore", none.to_str().unwrap()]).await;
    assert!(
        complaint(&refused).contains("is no dump"),
        "{}",
        complaint(&refused)
    );
    assert!(
        !place.path("there").exists(),
        "a data directory was made for nothing"
    );
    let broken = run(&there, &["restore", cut_off.to_str().unwrap()]).await;
    assert!(
        complaint(&broken).contains("nothing was restored"),
        "{}",
        complaint(&broken)
    );
    succeeds(&there, &["restore", whole.to_str().unwrap()]).await;
    let server = Server::start(&there, &output()).await;
    assert_same_codes(&server, &list, &before).await;
}
