//! Looks at a deployment's PostgreSQL and at what is stored there, for `couponry doctor`. It reads, and judges nothing.

mod server;
mod stored;

use std::time::Duration;

use secrecy::SecretString;
use sqlx::{PgConnection, error::DatabaseError};

pub use self::{
    server::{ArchiverState, FollowingReplica, OpenTransaction, ReplicaState, ServerSettings},
    stored::{ClosedTable, DatabaseSizes, JobsState, TableSize},
};
use crate::{
    Error, Result,
    migrations::{connect, within},
};

const NAME: &str = "couponry doctor";
/// The server's limit for a statement: whoever cannot say how a database is within that says that it is not well.
const STATEMENT: &str = "set statement_timeout = '10s'; set lock_timeout = '2s'";
/// How long an answer is waited for, where the server does not keep its limit.
const ANSWER: Duration = Duration::from_secs(12);

/// What the server ends since it takes too long, or waits for a lock, says nothing of the server as a whole.
const TOO_LONG: [&str; 2] = ["57014", "55P03"];

async fn ask<T>(question: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let answer = async {
        question.await.map_err(|error| {
            let code = error.as_database_error().and_then(DatabaseError::code);
            if code.is_some_and(|code| TOO_LONG.contains(&code.as_ref())) {
                Error::Fault("the answer took too long".to_owned())
            } else {
                error.into()
            }
        })
    };
    within(ANSWER, answer).await
}

/// A session that looks at one server.
#[derive(Debug)]
pub struct Checkup {
    session: PgConnection,
}

impl Checkup {
    /// On a direct connection (past a pooler).
    pub async fn begin(url: &SecretString) -> Result<Self> {
        within(ANSWER, async {
            let mut session = connect(url, NAME).await?;
            sqlx::raw_sql(STATEMENT).execute(&mut session).await?;
            Ok(Self { session })
        })
        .await
    }
}
