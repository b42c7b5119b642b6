//! `couponry doctor`: on a deployment that is well, and on others that are not.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use reqwest::{Method, Url};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Place, list_of, output, run};
use crate::app::{
    DatabaseProxy, Environment, MailHost, Pooler, Replicated, Server, TestApp, Way, codes, send, text,
};

/// What it found: of each check that is not fine, its level.
async fn findings(environment: &Environment, arguments: &[&str]) -> (bool, Vec<(String, String, String)>) {
    let ended = run(environment, &[&["doctor", "--json"], arguments].concat()).await;
    let report: Value = serde_json::from_slice(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ended.stderr)));
    let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
        let [check, level, what] = ["check", "level", "what"].map(|key| text(&finding[key]).to_owned());
        if level != "fine" {
            assert!(!text(&finding["why"]).is_empty() && !text(&finding["change"]).is_empty());
        }
        (check, level, what)
    });
    (ended.status.success(), findings.collect())
}

fn level<'a>(findings: &'a [(String, String, String)], check: &str) -> Vec<&'a str> {
    let found = findings.iter().filter(|(name, ..)| name == check);
    found.map(|(_, level, _)| level.as_str()).collect()
}

#[tokio::test]
async fn a_deployment_that_is_well_has_no_problem() {
    let place = Place::new();
    let environment = place.environment("data");
    let server = Server::start(&environment, &output()).await;
    list_of(&server, 100).await;
    let (is_well, found) = findings(&environment, &[]).await;
    // How full the disk of whoever runs this test is, is judged by a unit test.
    let of_the_disk = level(&found, "disk").contains(&"problem");
    let problems = found.iter().filter(|(_, level, _)| level == "problem");
    assert_eq!(problems.count(), usize::from(of_the_disk), "{found:?}");
    assert_eq!(is_well, !of_the_disk, "{found:?}");
    for check in [
        "fsync",
        "schema",
        "dead_jobs",
        "gates",
        "clock",
        "max_connections",
        "size",
    ] {
        assert_eq!(level(&found, check), ["fine"], "{found:?}");
    }
    // No relay and no backup: it works without.
    assert_eq!(level(&found, "relay"), ["hint"]);
    assert_eq!(level(&found, "backup"), ["hint"]);
    let dump = place.path("codes.dump");
    super::succeeds(&environment, &["backup", dump.to_str().unwrap()]).await;
    assert_eq!(level(&findings(&environment, &[]).await.1, "backup"), ["fine"]);
    let text = run(&environment, &["doctor"]).await;
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    let problems = format!("problems: {}, hints: ", usize::from(of_the_disk));
    assert!(text.contains(&problems), "{text}");
}

#[tokio::test]
async fn what_is_wrong_is_found_and_named() {
    let place = Place::new();
    let app = TestApp::start().await;
    let list = app.list_with(&codes("A", 10)).await;
    let mut session = app.database.connect().await;
    let dead: i64 = sqlx::query_scalar(
        "insert into job (kind, lane, workspace_id, list_id, state, ended_at)
         select 'purge_list', 'purge_list', workspace_id, list_id, 'dead', clock_timestamp() from coupon_list returning job_id",
    )
    .fetch_one(&mut session)
    .await
    .unwrap();
    sqlx::raw_sql("update gate set is_active = not is_active")
        .execute(&mut session)
        .await
        .unwrap();
    let held = app.database.hold_gates().await;
    let secret = place.path("url");
    fs::write(&secret, app.database.url()).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o666)).unwrap();
    let environment: Environment = [
        ("DATABASE_URL_FILE", secret.to_str().unwrap()),
        // Nobody listens there.
        ("COUPONRY_SMTP_URL", "smtp://127.0.0.1:9?tls=none"),
        ("COUPONRY_MAIL_FROM", "coupons@example.com"),
        ("COUPONRY_PUBLIC_URL", "http://coupons.example.com"),
        ("COUPONRY_TRUSTED_PROXIES", "0.0.0.0/0"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();

    let (is_well, found) = findings(&environment, &["--transaction-seconds", "0"]).await;
    assert!(!is_well);
    for check in [
        // The server of the tests need not survive a power cut.
        "fsync",
        "full_page_writes",
        "synchronous_commit",
        "transactions",
        "dead_jobs",
        "gates",
        "relay",
        "public_url",
        "trusted_proxies",
        "secret_files",
    ] {
        assert!(level(&found, check).contains(&"problem"), "{check}: {found:?}");
    }
    let told = |check| {
        found
            .iter()
            .any(|(name, _, what)| name == check && what.contains(&list))
    };
    assert!(told("gates"), "{found:?}");
    assert_eq!(level(&found, "role"), ["hint"], "{found:?}");

    held.release().await;
    sqlx::query("delete from job where job_id = $1")
        .bind(dead)
        .execute(&mut session)
        .await
        .unwrap();
    sqlx::raw_sql("update gate set is_active = not is_active")
        .execute(&mut session)
        .await
        .unwrap();
    let relay = MailHost::start().await;
    let mut mended = environment;
    relay.relay_for(&mut mended);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let (_, found) = findings(&mended, &[]).await;
    for check in ["transactions", "dead_jobs", "gates", "relay", "secret_files"] {
        assert_eq!(level(&found, check), ["fine"], "{check}: {found:?}");
    }
    assert!(relay.mails().is_empty());
}

/// One as deploy/database-role.sql makes it.
#[tokio::test]
async fn a_role_that_owns_its_database_and_is_no_superuser_is_enough() {
    let app = TestApp::start().await;
    let mut superuser = app.database.connect().await;
    let name = format!("plain_{}", std::process::id());
    let mut run = async |statements: [String; 3]| {
        for statement in statements {
            let statement = sqlx::raw_sql(AssertSqlSafe(statement));
            statement.execute(&mut superuser).await.unwrap();
        }
    };
    run([
        format!("create role {name} login"),
        format!("grant pg_monitor to {name}"),
        format!("create database {name} owner {name}"),
    ])
    .await;
    let mut url = Url::parse(
        &app.database
            .url()
            .replace("user=postgres", &format!("user={name}")),
    )
    .unwrap();
    url.set_path(&name);
    let server = app
        .another_server_with(|environment| {
            environment.insert("DATABASE_URL".to_owned(), url.to_string());
        })
        .await;
    let list = list_of(&server, 10).await;
    server.take(&list, "ann").await;
    let erased = send(server.request(Method::DELETE, "/users/ann")).await;
    assert_eq!(erased.status, 204, "{}", erased.text);

    let (_, found) = findings(&[("DATABASE_URL".to_owned(), url.to_string())].into(), &[]).await;
    for check in ["role", "schema", "gates", "transactions", "max_connections"] {
        assert_eq!(level(&found, check), ["fine"], "{check}: {found:?}");
    }
    assert!(
        !found
            .iter()
            .any(|(_, _, what)| what.contains("could not be looked at")),
        "{found:?}"
    );
    drop(server);
    run([
        format!("drop database {name} with (force)"),
        format!("revoke pg_monitor from {name}"),
        format!("drop role {name}"),
    ])
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_or_silent_is_one_finding_and_no_hang() {
    let app = TestApp::start().await;
    let proxy = DatabaseProxy::start().await;
    let mut environment: Environment = [("DATABASE_URL".to_owned(), app.database.url())].into();
    proxy.stand_in(&mut environment);
    assert_eq!(level(&findings(&environment, &[]).await.1, "database"), ["fine"]);
    proxy.silence_all(Way::NoAnswer);
    let silent = tokio::time::timeout(Duration::from_secs(30), findings(&environment, &[]));
    let (is_well, found) = silent.await.unwrap();
    assert!(!is_well);
    assert_eq!(level(&found, "database"), ["problem"], "{found:?}");
    assert!(level(&found, "fsync").is_empty());

    let away: Environment = [(
        "DATABASE_URL".to_owned(),
        "postgres://127.0.0.1:9/nothing".to_owned(),
    )]
    .into();
    let (is_well, found) = findings(&away, &[]).await;
    assert!(!is_well);
    assert_eq!(level(&found, "database"), ["problem"], "{found:?}");

    let place = Place::new();
    let (is_well, found) = findings(&place.environment("nothing"), &[]).await;
    assert!(!is_well);
    assert_eq!(level(&found, "database"), ["problem"], "{found:?}");
}

#[tokio::test]
async fn a_replica_that_stands_still_is_a_problem_and_one_that_follows_is_none() {
    let servers = Replicated::start();
    let app = TestApp::start_with(|environment| servers.stand_in(environment)).await;
    let mut environment = Environment::new();
    servers.stand_in(&mut environment);
    let list = app.list_with(&codes("A", 10)).await;
    let (_, found) = findings(&environment, &[]).await;
    assert_ne!(level(&found, "read_replica"), ["problem"], "{found:?}");
    // It follows, but no commit waits for it.
    assert_eq!(level(&found, "replication"), ["hint"]);

    let mut replica = PgConnection::connect(servers.replica()).await.unwrap();
    sqlx::raw_sql("select pg_wal_replay_pause()")
        .execute(&mut replica)
        .await
        .unwrap();
    app.take(&list, "ann").await;
    let (_, found) = findings(&environment, &[]).await;
    assert_eq!(level(&found, "read_replica"), ["problem"], "{found:?}");
    sqlx::raw_sql("select pg_wal_replay_resume()")
        .execute(&mut replica)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_pooler_loses_is_found() {
    let pooler = Pooler::start("");
    let app = TestApp::start().await;
    let mut environment: Environment = [("DATABASE_URL".to_owned(), app.database.url())].into();
    pooler.stand_in(&mut environment);
    let (_, found) = findings(&environment, &[]).await;
    assert_eq!(level(&found, "pooler"), ["problem", "problem"], "{found:?}");
}
