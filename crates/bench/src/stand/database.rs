//! The server's own PostgreSQL, from beside: where those that couponry is compared with live, and where its answers are
//! checked.

#![expect(
    clippy::disallowed_methods,
    reason = "a COPY of the bench is read to its end, or the bench has failed"
)]

use std::{fs, path::Path, pin::pin};

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Decode, PgConnection, Postgres, Type};
use tokio::{
    fs::File,
    io::{AsyncWrite, AsyncWriteExt as _},
    time::Instant,
};

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connection: PgConnection,
    pub(crate) url: String,
}

impl Database {
    /// Of the server with this data directory. The postmaster wrote down where its socket is.
    pub(crate) async fn open(data: &Path) -> anyhow::Result<Self> {
        let written = fs::read_to_string(data.join("postgres/postmaster.pid"))?;
        let socket = written.lines().nth(4).context("postmaster.pid names no socket")?;
        let host = socket.replace('/', "%2F");
        let url = format!("postgres:///postgres?host={host}&user=postgres");
        let connection = PgConnection::connect(&url).await;
        let connection = connection.context("cannot reach the server's PostgreSQL")?;
        Ok(Self { connection, url })
    }

    /// One or more statements of ours, without parameters.
    pub(crate) async fn run(&mut self, sql: impl Into<String>) -> anyhow::Result<()> {
        let sql = AssertSqlSafe(sql.into());
        sqlx::raw_sql(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// What is in the one column of the one row.
    pub(crate) async fn get<T>(&mut self, sql: impl Into<String>) -> anyhow::Result<T>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        let sql = AssertSqlSafe(sql.into());
        Ok(sqlx::query_scalar(sql).fetch_one(&mut self.connection).await?)
    }

    /// `COPY … FROM STDIN` of a file; how many seconds it took.
    pub(crate) async fn copy_in(&mut self, sql: &str, file: &Path) -> anyhow::Result<f64> {
        let started = Instant::now();
        let mut copy = self.connection.copy_in_raw(sql).await?;
        copy.read_from(File::open(file).await?).await?;
        copy.finish().await?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// `COPY … TO STDOUT`; how many seconds it took.
    pub(crate) async fn copy_out(&mut self, sql: &str, to: impl AsyncWrite) -> anyhow::Result<f64> {
        let started = Instant::now();
        let mut to = pin!(to);
        let mut rows = self.connection.copy_out_raw(sql).await?;
        while let Some(row) = rows.try_next().await? {
            to.write_all(&row).await?;
        }
        to.flush().await?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// The inner id of a list, which its path does not tell.
    pub(crate) async fn list_id(&mut self, path: &str) -> anyhow::Result<i64> {
        let id = path.rsplit('/').next().unwrap_or_default();
        let sql = format!("select list_id from coupon_list where public_id = '\\x{id}'");
        self.get(sql).await
    }

    /// Of all blocks and their indexes.
    pub(crate) async fn block_bytes(&mut self) -> anyhow::Result<f64> {
        let bytes = "select sum(pg_total_relation_size(inhrelid))::float8 from pg_inherits";
        let sql = format!("{bytes} where inhparent = 'block'::regclass");
        self.get(sql).await
    }
}
