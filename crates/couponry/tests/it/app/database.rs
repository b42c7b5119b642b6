//! A database of its own for each test, and the few looks into it that the API does not offer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{
    template::template,
    waiting::{DEADLINE, TICK},
};

#[derive(Clone)]
pub(crate) struct Database {
    name: String,
}

impl Database {
    pub(super) async fn create() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = Self {
            name: format!("couponry_test_{}_{number}", std::process::id()),
        };
        let mut server = connect(None).await;
        let (name, template) = (&database.name, template().await);
        execute(
            &mut server,
            format!("drop database if exists {name} with (force)"),
        )
        .await;
        execute(&mut server, format!("create database {name} template {template}")).await;
        database
    }

    pub(super) async fn drop(self) {
        let mut server = connect(None).await;
        execute(
            &mut server,
            format!("drop database if exists {} with (force)", self.name),
        )
        .await;
    }

    pub(crate) fn url(&self) -> String {
        url_of(&self.name)
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        connect(Some(&self.name)).await
    }

    /// An instant by the database's clock, as the API takes it: `2026-11-22T10:00:00.000Z`.
    pub(crate) async fn instant_in(&self, milliseconds: i64) -> String {
        sqlx::query_scalar(
            "select to_char((clock_timestamp() + $1 * interval '1 millisecond') at time zone 'UTC',
                            'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
        )
        .bind(milliseconds)
        .fetch_one(&mut self.connect().await)
        .await
        .unwrap()
    }

    /// Waits until no job wants to run or was given up; the jobs for which this waited in vain. Written out instead of
    /// using [`super::until`], whose closures cannot go to another thread.
    pub(super) async fn jobs_left_behind(self) -> Vec<String> {
        let mut session = self.connect().await;
        let started = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let left: Vec<String> = sqlx::query_scalar(
                "select kind || ' (' || state || ')' from job where state in ('ready', 'running', 'dead')",
            )
            .fetch_all(&mut session)
            .await
            .unwrap();
            if left.is_empty() || started.elapsed() > DEADLINE {
                return left;
            }
        }
    }

    /// The lists whose gate says something else than the tables do. Never, whatever a test did.
    pub(super) async fn wrong_gates(self) -> Vec<i64> {
        sqlx::query_scalar("select list_id from wrong_gates() list_id")
            .fetch_all(&mut self.connect().await)
            .await
            .unwrap()
    }

    /// The tables that hold any of these texts anywhere: every row of every table is looked through, whatever the
    /// tables are called.
    pub(crate) async fn tables_with_any_of(&self, texts: &[String]) -> Vec<String> {
        let mut session = self.connect().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select quote_ident(relname) from pg_class
             where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
        )
        .fetch_all(&mut session)
        .await
        .unwrap();
        let mut found = Vec::new();
        for table in tables {
            let holds: bool = sqlx::query_scalar(AssertSqlSafe(format!(
                "select exists (select from {table} t, unnest($1::text[]) text where strpos(t::text, text) > 0)"
            )))
            .bind(texts)
            .fetch_one(&mut session)
            .await
            .unwrap();
            if holds {
                found.push(table);
            }
        }
        found
    }

    /// Sessions that wait inside an open transaction.
    pub(crate) async fn idle_in_transaction(&self) -> i64 {
        self.count_sessions("state like 'idle in transaction%'").await
    }

    /// Sessions that wait for a lock.
    pub(crate) async fn waiting_for_a_lock(&self) -> i64 {
        self.count_sessions("wait_event_type = 'Lock'").await
    }

    async fn count_sessions(&self, condition: &'static str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!(
            "select count(*) from pg_stat_activity where datname = $1 and {condition}"
        )))
        .bind(&self.name)
        .fetch_one(&mut connect(None).await)
        .await
        .unwrap()
    }

    /// Nobody reaches the database until [`Self::let_in`]; who is inside is thrown out.
    pub(crate) async fn lock_out(&self) {
        let mut server = connect(None).await;
        execute(
            &mut server,
            format!("alter database {} allow_connections false", self.name),
        )
        .await;
        execute(
            &mut server,
            format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
                self.name
            ),
        )
        .await;
    }

    pub(crate) async fn let_in(&self) {
        let mut server = connect(None).await;
        execute(
            &mut server,
            format!("alter database {} allow_connections true", self.name),
        )
        .await;
    }

    /// A session that lets nobody write blocks until it is dropped: a load stands still where it stores its codes.
    pub(crate) async fn hold_block_writes(&self) -> Held {
        self.hold("lock table block in share mode").await
    }

    /// A session that lets nobody read blocks either: a load stands still where it compares its codes.
    pub(crate) async fn hold_block_reads(&self) -> Held {
        self.hold("lock table block in access exclusive mode").await
    }

    /// A session that lets nobody look at files sent by hand until it is dropped.
    pub(crate) async fn hold_uploads(&self) -> Held {
        self.hold("lock table upload_piece in access exclusive mode")
            .await
    }

    /// A session that lets nobody look for a pull token or a report until it is dropped.
    pub(crate) async fn hold_links(&self) -> Held {
        self.hold("lock table pull_token, usage_report in access exclusive mode")
            .await
    }

    /// A session that holds every list's gate until it is dropped: nothing is published, nothing handed out.
    pub(crate) async fn hold_gates(&self) -> Held {
        self.hold("select from gate for update").await
    }

    /// A session that lets nobody read allocations until it is dropped.
    pub(crate) async fn hold_ledger(&self) -> Held {
        self.hold("lock table ledger in access exclusive mode").await
    }

    /// A session that lets nobody read campaigns until it is dropped: a report stands still where it reads its rows.
    pub(crate) async fn hold_reports(&self) -> Held {
        self.hold("lock table campaign in access exclusive mode").await
    }

    async fn hold(&self, statement: &'static str) -> Held {
        let mut session = self.connect().await;
        execute(&mut session, "begin".to_owned()).await;
        execute(&mut session, statement.to_owned()).await;
        Held {
            session: Some(session),
        }
    }
}

/// A lock held by a session of the test's own.
pub(crate) struct Held {
    session: Option<PgConnection>,
}

impl Held {
    pub(crate) async fn release(mut self) {
        if let Some(session) = self.session.take() {
            session.close().await.unwrap();
        }
    }
}

pub(super) async fn connect(database: Option<&str>) -> PgConnection {
    let url = database.map_or_else(server_url, url_of);
    PgConnection::connect(&url).await.unwrap()
}

pub(super) async fn execute(session: &mut PgConnection, statement: String) {
    session.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// The URL of a database on the tests' server.
pub(super) fn url_of(database: &str) -> String {
    let mut url = Url::parse(&server_url()).unwrap();
    url.set_path(database);
    url.into()
}

fn server_url() -> String {
    std::env::var("COUPONRY_TEST_DATABASE_URL").expect(
        "COUPONRY_TEST_DATABASE_URL is not set: run `make test`, which starts a PostgreSQL for the tests",
    )
}
