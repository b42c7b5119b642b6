//! What dumping a database and filling one needs to know of it, whatever its schema; the dumps are made by PostgreSQL's own
//! programs.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use secrecy::SecretString;
use sqlx::{Connection as _, PgConnection};

use crate::{
    Result, Storage,
    migrations::{connect, is_spread, within},
};

/// How long a look may take, connecting included.
const LOOK: Duration = Duration::from_secs(10);
/// How long reading samples of every table may take.
const WORK: Duration = Duration::from_hours(1);
const NAME: &str = "couponry backup";

/// A database before it is dumped or filled.
#[derive(Debug, Clone)]
pub struct DatabaseFacts {
    /// Of PostgreSQL.
    pub major: u32,
    /// By the database's clock.
    pub now: Timestamp,
    /// Whether it is spread over machines by Citus.
    pub is_spread: bool,
    /// Tables, views and sequences that are no system's.
    pub relations: i64,
    pub bytes: i64,
}

/// On a direct connection (past a pooler).
pub async fn look_at_database(url: &SecretString) -> Result<DatabaseFacts> {
    within(LOOK, async {
        let mut session = connect(url, NAME).await?;
        let facts = look(&mut session).await?;
        session.close().await?;
        Ok(facts)
    })
    .await
}

async fn look(session: &mut PgConnection) -> Result<DatabaseFacts> {
    let is_spread = is_spread(&mut *session).await?;
    let row = sqlx::query!(
        r#"select current_setting('server_version_num')::int / 10000 as "major!", clock_timestamp() as "now!",
                  pg_database_size(current_database()) as "bytes!",
                  (select count(*) from pg_class where relnamespace = 'public'::regnamespace
                   and relkind in ('r', 'p', 'v', 'S')) as "relations!""#
    );
    let row = row.fetch_one(session).await?;
    Ok(DatabaseFacts {
        major: u32::try_from(row.major).unwrap_or_default(),
        now: row.now.into(),
        is_spread,
        relations: row.relations,
        bytes: row.bytes,
    })
}

/// Makes statistics for the planner: a dump has none, and tables with partitions never get them by themselves.
pub async fn analyze(url: &SecretString) -> Result<()> {
    within(WORK, async {
        let mut session = connect(url, NAME).await?;
        // It says of each table that is the superuser's that it passes it over.
        for statement in ["set client_min_messages = error", "analyze"] {
            sqlx::raw_sql(statement).execute(&mut session).await?;
        }
        Ok(session.close().await?)
    })
    .await
}

impl Storage {
    /// Notes that there is a dump with everything that was committed up to then.
    pub async fn note_backup(&self, as_of: Timestamp) -> Result<()> {
        let noted = sqlx::query!("update deployment set backed_up_at = $1", as_of.to_sqlx() as _);
        noted.execute(&self.pool).await?;
        Ok(())
    }
}
