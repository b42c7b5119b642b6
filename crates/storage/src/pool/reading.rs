//! A statement that the replica answers if it can, and the primary otherwise.

use std::{fmt, io};

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use sqlx::{
    Describe, Either, Execute, Executor, Postgres, SqlStr,
    postgres::{PgRow, PgTypeInfo},
};
use tokio::time::Instant;

use super::{
    Answer, Loan, Pool,
    loan::{Statement, Steps, unsupported},
    replica::{PATIENCE, Replica},
};
use crate::metrics::count_replica_read;

/// For one statement of a workspace that only reads.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'p> {
    primary: &'p Pool,
    replica: Option<&'p Replica>,
    workspace_id: i64,
}

impl<'p> Reading<'p> {
    pub(crate) fn new(primary: &'p Pool, replica: Option<&'p Replica>, workspace_id: i64) -> Self {
        Self {
            primary,
            replica,
            workspace_id,
        }
    }

    async fn answer<'q, E: Execute<'q, Postgres> + 'q>(self, mut query: E) -> sqlx::Result<Answer> {
        // For all that is tried.
        let deadline = Instant::now() + self.primary.limit;
        let primary = self.primary.of(self.workspace_id).by(deadline);
        let Some(replica) = self.replica else {
            return primary.answer(query).await;
        };
        if !replica.catches_up(self.primary.until(deadline), PATIENCE).await {
            count_replica_read("primary");
            return primary.answer(query).await;
        }
        let arguments = query
            .take_arguments()
            .map_err(sqlx::Error::Encode)?
            .unwrap_or_default();
        let sql = query.sql();
        let asked = sqlx::query_with(sql.clone(), arguments.clone());
        let lent = Loan::of_workspace(replica.pool(), self.workspace_id).by(Replica::deadline());
        match lent.answer(asked).await {
            Ok(answer) => {
                count_replica_read("replica");
                Ok(answer)
            }
            // Whatever it is that the replica says, the primary has the last word.
            Err(error) => {
                if !is_late(&error) {
                    replica.leave(&error.to_string());
                }
                count_replica_read("primary");
                primary.answer(sqlx::query_with(sql, arguments)).await
            }
        }
    }
}

/// A statement that takes long is no fault of the replica, which answered in time where its log ends.
fn is_late(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl<'p> Executor<'p> for Reading<'p> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Steps<'e>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
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
