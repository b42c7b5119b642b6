//! Looks at a deployment's PostgreSQL and at what is stored there, for `couponry doctor`. It reads, and judges nothing.

mod server;
mod stored;

use std::time::Duration;

use secrecy::SecretString;
use sqlx::PgConnection;

pub use self::{
    server::{ArchiverState, FollowingReplica, OpenTransaction, ReplicaState, ServerSettings},
    stored::{ClosedTable, DatabaseSizes, JobsState, TableSize},
};
use crate::{
    Result,
    migrations::{connect, within},
};

const NAME: &str = "couponry doctor";
/// The server's limit for a statement: whoever cannot say how a database is within that says that it is not well.
const STATEMENT: &str = "set statement_timeout = '10s'";
/// How long an answer is waited for, where the server does not keep its limit.
const ANSWER: Duration = Duration::from_secs(12);

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
