//! A report that is read on a replica, while the replica has to replay what the report still reads.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection};
use storage::{ReportToBuild, Storage};
use tokio::sync::mpsc;

use crate::{
    database::{TestDatabase, settings},
    usage_reports::claimed,
};

/// Rows that fill whatever is between the server and a reader who does not read.
const ROWS: i64 = 60_000;

/// A PostgreSQL and its replica, as long as this lives.
struct Replicated {
    script: Child,
    primary: SecretString,
    replica: SecretString,
}

impl Replicated {
    fn start() -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/dev");
        let urls = "echo \"$COUPONRY_TEST_PRIMARY_URL\"; echo \"$COUPONRY_TEST_REPLICA_URL\"; exec cat";
        let mut script = Command::new(scripts.join("with-replica.sh"))
            .args(["sh", "-c", urls])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        let mut url = || SecretString::from(lines.next().unwrap().unwrap());
        let (primary, replica) = (url(), url());
        Self {
            script,
            primary,
            replica,
        }
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        self.script.wait().ok();
    }
}

/// As the primary sees it, once this is so.
async fn until_lag(database: &TestDatabase, what: &str, is_so: impl Fn(Duration) -> bool) {
    let wait = async {
        loop {
            // Something to replay, and so an answer of the replica.
            database.run("select pg_logical_emit_message(true, '', '')").await;
            match database.storage.replica_lags().await.unwrap().as_slice() {
                [replica] if replica.name == "walreceiver" && is_so(replica.lag) => break,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test]
async fn the_lag_of_a_replica_grows_while_it_replays_nothing_and_goes_when_it_follows() {
    let servers = Replicated::start();
    let database = TestDatabase::open(servers.primary.clone()).await;
    let replica: &str = secrecy::ExposeSecret::expose_secret(&servers.replica);
    let mut session = PgConnection::connect(replica).await.unwrap();
    let little = Duration::from_millis(500);
    until_lag(&database, "it follows", |lag| lag < little).await;
    sqlx::raw_sql("select pg_wal_replay_pause()")
        .execute(&mut session)
        .await
        .unwrap();
    until_lag(&database, "it lags", |lag| lag > little).await;
    until_lag(&database, "it lags more", |lag| lag > 2 * little).await;
    sqlx::raw_sql("select pg_wal_replay_resume()")
        .execute(&mut session)
        .await
        .unwrap();
    until_lag(&database, "it follows again", |lag| lag < little).await;
}

/// The rows that a report's reader gets, in bytes, after what is done once the first have come.
async fn read(
    storage: &Storage,
    report: &ReportToBuild,
    meanwhile: impl Future<Output = ()>,
) -> (storage::Result<()>, usize) {
    let (pieces, mut coming) = mpsc::channel::<bytes::Bytes>(1);
    let reading = async {
        let mut bytes = coming.recv().await.map_or(0, |piece: bytes::Bytes| piece.len());
        meanwhile.await;
        while let Some(piece) = coming.recv().await {
            bytes += piece.len();
        }
        bytes
    };
    tokio::join!(storage.copy_usage(report, pieces), reading)
}

#[tokio::test]
async fn a_report_that_the_replica_ends_half_way_is_read_on_the_primary_the_next_time() {
    let servers = Replicated::start();
    let database = TestDatabase::open(servers.primary.clone()).await;
    database.load(&["a"], 1).await;
    database
        .run(format!(
            "insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
             select list_id, file_id, n, 0, 'code ' || n, gen_random_uuid(), 'user ' || n, now()
             from coupon_file, generate_series(1, {ROWS}) n"
        ))
        .await;
    let storage = database
        .storage
        .clone()
        .with_replica(&settings(&servers.replica))
        .unwrap();
    let (_, mut report) = claimed(&database).await;

    let replica: &str = secrecy::ExposeSecret::expose_secret(&servers.replica);
    let mut session = PgConnection::connect(replica).await.unwrap();
    for change in [
        "alter system set max_standby_streaming_delay = '500ms'",
        "select pg_reload_conf()",
    ] {
        sqlx::raw_sql(change).execute(&mut session).await.unwrap();
    }
    let until_in_the_way = async {
        // Replayed, this needs the lock that the report's statement has.
        let change = "do $$ begin lock table ledger in access exclusive mode; end $$";
        database.run(change).await;
        until_replay_has_waited(&mut session).await;
    };
    let (copied, _) = Box::pin(read(&storage, &report, until_in_the_way)).await;
    let refused = copied.unwrap_err().to_string();
    assert!(refused.contains("conflict with recovery"), "{refused}");

    report.claim.attempt += 1;
    let (copied, bytes) = Box::pin(read(&storage, &report, std::future::ready(()))).await;
    copied.unwrap();
    assert!(bytes > 50 * usize::try_from(ROWS).unwrap(), "{bytes}");
}

/// Waits until the replica has waited long enough for a statement that is in the way of its replay: it has then ended that
/// statement, which says so as soon as its reader reads on.
async fn until_replay_has_waited(session: &mut PgConnection) {
    let waits = "select exists (select from pg_stat_activity where backend_type = 'startup' and wait_event_type = 'Lock')";
    let wait = async {
        for expected in [true, false] {
            while sqlx::query_scalar::<_, bool>(waits)
                .fetch_one(&mut *session)
                .await
                .unwrap()
                != expected
            {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("nothing is in the way of the replica");
}
