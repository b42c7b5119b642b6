//! The server's own PostgreSQL, from beside: where those that couponry is compared with live, and where its answers are
//! checked.

#![expect(
    clippy::disallowed_methods,
    reason = "a COPY of the bench is read to its end, or the bench has failed"
)]

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, BufWriter},
    time::Instant,
};

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connection: PgConnection,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn open(url: String) -> anyhow::Result<Self> {
        let connection = PgConnection::connect(&url)
            .await
            .context("cannot reach the server's PostgreSQL")?;
        Ok(Self { connection, url })
    }

    /// One or more statements of ours, without parameters.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> anyhow::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(sql.into()))
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub(crate) async fn number(&mut self, sql: impl Into<String>) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql.into()))
            .fetch_one(&mut self.connection)
            .await?)
    }

    pub(crate) async fn text(&mut self, sql: impl Into<String>) -> anyhow::Result<String> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql.into()))
            .fetch_one(&mut self.connection)
            .await?)
    }

    /// `COPY … FROM STDIN` of a file; how long it took.
    pub(crate) async fn copy_in(&mut self, sql: &str, file: &Path) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut copy = self.connection.copy_in_raw(sql).await?;
        copy.read_from(File::open(file).await?).await?;
        copy.finish().await?;
        Ok(started.elapsed())
    }

    /// `COPY … TO STDOUT` into a file.
    pub(crate) async fn copy_out(&mut self, sql: &str, file: &Path) -> anyhow::Result<()> {
        let mut rows = self.connection.copy_out_raw(sql).await?;
        let mut file = BufWriter::with_capacity(1 << 20, File::create(file).await?);
        while let Some(row) = rows.try_next().await? {
            file.write_all(&row).await?;
        }
        Ok(file.flush().await?)
    }

    /// `COPY … TO STDOUT` into nothing; how long it took.
    pub(crate) async fn copy_away(&mut self, sql: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut rows = self.connection.copy_out_raw(sql).await?;
        while rows.try_next().await?.is_some() {}
        Ok(started.elapsed())
    }

    /// The inner id of a list, which its path does not tell.
    pub(crate) async fn list_id(&mut self, path: &str) -> anyhow::Result<i64> {
        let id = path.rsplit('/').next().unwrap_or_default();
        self.number(format!(
            "select list_id from coupon_list where public_id = '\\x{id}'"
        ))
        .await
    }

    /// Hand-outs of a list, and how many different codes they have.
    pub(crate) async fn handed_out(&mut self, path: &str) -> anyhow::Result<(i64, i64)> {
        let list = self.list_id(path).await?;
        let sql = format!("select count(*), count(distinct code) from ledger where list_id = {list}");
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await?)
    }
}
