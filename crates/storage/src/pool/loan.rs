//! One statement on one connection, which comes back or is closed.

use std::{fmt, io, time::Duration};

use deadpool::managed::{Object, PoolError};
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Database, Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr,
    postgres::{PgQueryResult, PgRow, PgTypeInfo},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, error::Elapsed, timeout_at},
};
use tracing::{Instrument as _, Span};

use super::{Answer, Pool, connections::Connections};
use crate::{Spent, metrics, traces::statement_span};

/// On whose account, and until when, a connection is lent.
#[derive(Clone, Copy)]
pub(crate) struct Loan<'p> {
    pool: &'p Pool,
    workspace_id: Option<i64>,
    deadline: Option<Instant>,
}

impl<'p> Loan<'p> {
    pub(super) fn new(pool: &'p Pool) -> Self {
        Self {
            pool,
            workspace_id: None,
            deadline: None,
        }
    }

    pub(super) fn of_workspace(pool: &'p Pool, workspace_id: i64) -> Self {
        Self {
            workspace_id: Some(workspace_id),
            ..Self::new(pool)
        }
    }

    pub(super) fn until(pool: &'p Pool, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..Self::new(pool)
        }
    }

    /// Sooner, if it may be answered by then only.
    pub(super) fn by(self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    pub(super) async fn answer<'q, E: Execute<'q, Postgres> + 'q>(
        self,
        mut query: E,
    ) -> sqlx::Result<Answer> {
        self.pool.tidy();
        let asked = Instant::now();
        let limit = asked + self.pool.limit;
        let deadline = self.deadline.map_or(limit, |deadline| deadline.min(limit));
        let lent = self.lend(deadline.min(asked + self.pool.acquire)).await;
        let begun = Instant::now();
        let waited = begun - asked;
        let (mut lent, _share) = lent.inspect_err(|_| self.note_no_connection(waited))?;
        metrics::time_connection(&self.pool.name, waited);
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let sql = query.sql();
        let span = statement_span(&self.pool.name.value.as_str(), sql.as_str());
        let query = sqlx::query_with(sql, arguments.unwrap_or_default());
        let answering = lent.connection()?.fetch_many(query).try_collect();
        let answered = timeout_at(deadline, answering.instrument(span.clone())).await;
        self.note(&span, &answered, waited, begun.elapsed());
        match answered {
            Ok(Ok(answer)) if is_whole(&answer) => {
                lent.give_back();
                Ok(answer)
            }
            // Nothing at all is no answer: the connection is out of step.
            Ok(Ok(_)) => Err(sqlx::Error::Protocol("a statement was not answered".to_owned())),
            Ok(Err(error)) => {
                if leaves_the_session_well(&error) {
                    lent.give_back();
                } else if is_lost(&error) {
                    self.pool.outage.notice();
                }
                Err(error)
            }
            Err(_) => {
                // The server would have said by then that it takes too long.
                if begun.elapsed() >= self.pool.statement {
                    self.pool.outage.notice();
                }
                Err(sqlx::Error::Io(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "a statement was not answered in time",
                )))
            }
        }
    }

    fn note_no_connection(self, waited: Duration) {
        metrics::count_connection_timeout(&self.pool.name);
        Spent::statement(waited);
    }

    fn note(
        self,
        span: &Span,
        answered: &Result<sqlx::Result<Answer>, Elapsed>,
        waited: Duration,
        took: Duration,
    ) {
        let failure = match answered {
            Ok(Ok(_)) => None,
            Ok(Err(sqlx::Error::Database(refusal))) => Some(refusal.code().unwrap_or_default().into_owned()),
            Ok(Err(_)) => Some("connection".to_owned()),
            Err(_) => Some("timeout".to_owned()),
        };
        if let Some(failure) = &failure {
            span.record("error.type", failure)
                .record("otel.status_code", "ERROR");
        }
        metrics::time_statement(&self.pool.name, failure, took);
        Spent::statement(waited + took);
    }

    /// A connection, and the place in the workspace's share that goes with it.
    async fn lend(self, deadline: Instant) -> sqlx::Result<(Lent, Option<OwnedSemaphorePermit>)> {
        let lending = async {
            let share = match self.workspace_id {
                Some(workspace_id) => {
                    let share = self.pool.shares.of(workspace_id).acquire_owned().await;
                    Some(share.map_err(|_| sqlx::Error::PoolClosed)?)
                }
                None => None,
            };
            let lent = self.pool.idle.get().await.map_err(|error| match error {
                PoolError::Backend(error) => error,
                PoolError::Closed => sqlx::Error::PoolClosed,
                _ => sqlx::Error::PoolTimedOut,
            })?;
            Ok((Lent(Some(lent)), share))
        };
        timeout_at(deadline, lending)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

/// Every statement ends with the server's word that it is done.
fn is_whole(answer: &Answer) -> bool {
    matches!(answer.last(), Some(Either::Left(_)))
}

/// Whether the server refused the statement and goes on serving the session.
fn leaves_the_session_well(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refusal) => refusal
            .code()
            .is_some_and(|code| !["08", "57P", "XX"].iter().any(|class| code.starts_with(class))),
        _ => false,
    }
}

/// Whether the connection is gone: the server ended the session, or the network did.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(refusal) => refusal
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

/// A connection that is closed when it is dropped, unless it was given back.
struct Lent(Option<Object<Connections>>);

impl Lent {
    fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        match &mut self.0 {
            Some(lent) => Ok(lent),
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    fn give_back(&mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            // Without a farewell, for which nobody would wait: closing the socket is enough.
            drop(Object::take(lent));
        }
    }
}

impl fmt::Debug for Loan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").finish_non_exhaustive()
    }
}

pub(super) type Steps<'e> = BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>;
pub(super) type Statement = <Postgres as Database>::Statement;

impl<'p> Executor<'p> for Loan<'p> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Steps<'e>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // Collected first: a caller that stops reading half-way must not keep the connection waiting.
        stream::once(self.answer(query))
            .map_ok(|answer| stream::iter(answer.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        async move {
            let answer = self.answer(query).await?;
            Ok(answer.into_iter().find_map(Either::right))
        }
        .boxed()
    }

    fn prepare_with<'e>(self, _: SqlStr, _: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<Statement>>
    where
        'p: 'e,
    {
        unsupported()
    }

    fn describe<'e>(self, _: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        unsupported()
    }
}

/// A prepared statement belongs to one connection, which the next statement would not get.
pub(super) fn unsupported<'e, T: Send + 'e>() -> BoxFuture<'e, sqlx::Result<T>> {
    let error = sqlx::Error::Protocol("a loan is for one statement".to_owned());
    std::future::ready(Err(error)).boxed()
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Steps<'e>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Loan::new(self).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Loan::new(self).fetch_optional(query)
    }

    fn prepare_with<'e>(self, sql: SqlStr, types: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<Statement>>
    where
        'p: 'e,
    {
        Loan::new(self).prepare_with(sql, types)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        Loan::new(self).describe(sql)
    }
}
