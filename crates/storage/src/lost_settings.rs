//! What a connection pooler keeps from our sessions, and whether the server's own settings make up for it.

use std::fmt;

use crate::{Error, Result, Storage};

/// The longest that a statement of the pools may take is a minute: a shorter limit would end it, none would let it run
/// after whoever asked has gone.
const STATEMENT_MS: std::ops::RangeInclusive<i64> = 61_000..=600_000;
const CHECK_MS: std::ops::RangeInclusive<i64> = 1..=5_000;

/// A setting that a session of ours lacks, with what sets it for the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSetting {
    pub name: &'static str,
    /// As it is, in milliseconds.
    pub is: i64,
    /// SQL that whoever may change the role can run.
    pub remedy: String,
}

impl fmt::Display for LostSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} ms", self.name, self.is)
    }
}

impl Storage {
    /// Reads, through the pool, the settings that a pooler does not pass on: those that are missing, where one does
    /// without. None where the URL leads to PostgreSQL itself, which takes them with each connection.
    ///
    /// # Errors
    /// Also if one is missing without which answers would be wrong, or prepared statements get lost.
    pub async fn lost_settings(&self) -> Result<Vec<LostSetting>> {
        if self.pool.keeps_settings().await? {
            return Ok(Vec::new());
        }
        self.pool.check_prepared_statements().await?;
        let row = sqlx::query!(
            r#"select current_setting('default_transaction_isolation') as "isolation!",
                      current_setting('client_encoding') as "encoding!", current_setting('TimeZone') as "zone!",
                      (select setting::bigint from pg_settings where name = 'statement_timeout') as "statement!",
                      (select setting::bigint from pg_settings where name = 'client_connection_check_interval') as "check!",
                      format('alter role %I in database %I set ', current_user, current_database()) as "alter_role!""#
        );
        let row = row.fetch_one(&self.pool).await?;
        let required = [
            ("default_transaction_isolation", row.isolation, "read committed"),
            ("client_encoding", row.encoding, "UTF8"),
            ("TimeZone", row.zone, "UTC"),
        ];
        for (name, is, required) in required {
            if is != required {
                return Err(Error::Fault(format!(
                    "through the connection pooler {name} is {is}: run {}{name} = '{required}', and let the pooler \
                     connect anew",
                    row.alter_role
                )));
            }
        }
        let limits = [
            ("statement_timeout", row.statement, STATEMENT_MS, "70s"),
            ("client_connection_check_interval", row.check, CHECK_MS, "1s"),
        ];
        let lost = limits.into_iter().filter(|(_, is, right, _)| !right.contains(is));
        Ok(lost
            .map(|(name, is, _, wanted)| LostSetting {
                name,
                is,
                remedy: format!("{}{name} = '{wanted}'", row.alter_role),
            })
            .collect())
    }
}
