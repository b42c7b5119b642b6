//! Against PostgreSQL's real programs: the suite needs them anyway.

use rustix::process::{Signal, kill_process};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};

use super::*;

async fn ask(postgres: &PrivatePostgres, question: &'static str) -> String {
    let mut session = PgConnection::connect(postgres.url().expose_secret())
        .await
        .unwrap();
    let answer = sqlx::query_scalar(question)
        .fetch_one(&mut session)
        .await
        .unwrap();
    session.close().await.unwrap();
    answer
}

#[tokio::test]
async fn it_keeps_its_data_over_a_stop_and_over_a_kill() {
    let place = tempfile::Builder::new()
        .prefix("couponry test %")
        .tempdir()
        .unwrap();
    account::Account::choose().unwrap().let_in(place.path()).unwrap();
    let data = place.path().join("data");
    let start = || PrivatePostgres::start(Some(&data), None);

    let first = start().await.unwrap();
    for (question, answer) in [
        ("select current_setting('fsync')", "on"),
        ("select current_setting('listen_addresses')", ""),
        ("select current_setting('data_checksums')", "on"),
        ("select current_setting('server_encoding')", "UTF8"),
        (
            "select datcollate::text from pg_database where datname = 'postgres'",
            "C",
        ),
    ] {
        assert_eq!(ask(&first, question).await, answer, "{question}");
    }
    let mut session = PgConnection::connect(first.url().expose_secret()).await.unwrap();
    sqlx::query("create table kept as select 'yes' as word")
        .execute(&mut session)
        .await
        .unwrap();

    let second = start().await.unwrap_err();
    assert!(
        second.to_string().contains("another couponry runs on"),
        "{second}"
    );
    let found = PrivatePostgres::running(Some(&data)).await.unwrap();
    assert_eq!(found.unwrap().expose_secret(), first.url().expose_secret());
    first.stop().await;
    assert!(PrivatePostgres::running(Some(&data)).await.unwrap().is_none());

    let again = start().await.unwrap();
    let killed = again.server.postmaster().unwrap();
    kill_process(killed, Signal::KILL).unwrap();
    while again
        .server
        .postmaster()
        .is_none_or(|postmaster| postmaster == killed)
    {
        tokio::task::yield_now().await;
    }
    again.until_ready().await.unwrap();
    assert_eq!(ask(&again, "select word from kept").await, "yes");
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let place = tempfile::tempdir().unwrap();
    account::Account::choose().unwrap().let_in(place.path()).unwrap();
    let data = place.path().join("data");
    let fine = PrivatePostgres::start(Some(&data), None).await.unwrap();
    fine.stop().await;
    std::fs::write(data.join("postgres/postgresql.conf"), "no such setting").unwrap();
    let error = PrivatePostgres::start(Some(&data), None).await.unwrap_err();
    assert!(error.to_string().contains("syntax error"), "{error}");
}
