//! What is stored: how large it is, which work waits, whether what is written twice agrees.

use super::{Checkup, ask};
use crate::Result;

#[derive(Debug, Clone)]
pub struct DatabaseSizes {
    pub bytes: i64,
    /// How many transactions are between the oldest row's and the next; at two thousand million PostgreSQL takes no more.
    pub transactions_age: i64,
    /// The same of locks that several transactions share.
    pub multixacts_age: i64,
    /// With their partitions and indexes, the largest first.
    pub tables: Vec<TableSize>,
}

#[derive(Debug, Clone)]
pub struct TableSize {
    pub name: String,
    pub bytes: i64,
}

/// A table that is never vacuumed.
#[derive(Debug, Clone)]
pub struct ClosedTable {
    pub name: String,
}

/// The jobs of one kind.
#[derive(Debug, Clone)]
pub struct JobsState {
    pub kind: String,
    /// Given up.
    pub dead: i64,
    pub running: i64,
    /// Wanting to run.
    pub due: i64,
    /// For how long the oldest of these has.
    pub oldest_due_seconds: Option<i64>,
}

impl Checkup {
    pub async fn sizes(&mut self) -> Result<DatabaseSizes> {
        let row = sqlx::query!(
            r#"select pg_database_size(current_database()) as "bytes!", age(datfrozenxid)::bigint as "transactions!",
                      mxid_age(datminmxid)::bigint as "multixacts!"
               from pg_database where datname = current_database()"#
        );
        let row = ask(row.fetch_one(&mut self.session)).await?;
        let tables = sqlx::query_as!(
            TableSize,
            r#"select coalesce(pg_partition_root(oid), oid)::regclass::text as "name!",
                      sum(pg_total_relation_size(oid))::bigint as "bytes!"
               from pg_class where relkind in ('r', 'm') and relnamespace = 'public'::regnamespace
               group by 1 order by 2 desc limit 5"#
        );
        Ok(DatabaseSizes {
            bytes: row.bytes,
            transactions_age: row.transactions,
            multixacts_age: row.multixacts,
            tables: ask(tables.fetch_all(&mut self.session)).await?,
        })
    }

    /// The tables for which autovacuum is switched off.
    pub async fn closed_tables(&mut self) -> Result<Vec<ClosedTable>> {
        let rows = sqlx::query_as!(
            ClosedTable,
            r#"select oid::regclass::text as "name!" from pg_class
               where relkind = 'r' and relnamespace = 'public'::regnamespace
                 and exists (select from pg_options_to_table(reloptions)
                             where option_name = 'autovacuum_enabled' and not option_value::bool)
               order by 1"#
        );
        ask(rows.fetch_all(&mut self.session)).await
    }

    pub async fn jobs(&mut self) -> Result<Vec<JobsState>> {
        let rows = sqlx::query_as!(
            JobsState,
            r#"select kind, count(*) filter (where state = 'dead') as "dead!",
                      count(*) filter (where state = 'running') as "running!",
                      count(*) filter (where state = 'ready' and run_at <= clock_timestamp()) as "due!",
                      extract(epoch from clock_timestamp() - min(run_at) filter (where state = 'ready'
                                                                          and run_at <= clock_timestamp()))::bigint
                          as oldest_due_seconds
               from job where state in ('ready', 'running', 'dead') group by kind order by kind"#
        );
        ask(rows.fetch_all(&mut self.session)).await
    }

    /// The lists, by their public ids, whose gate says something else than the tables do.
    pub async fn wrong_gates(&mut self) -> Result<Vec<String>> {
        let rows = sqlx::query_scalar!(
            r#"select encode(c.public_id, 'hex') as "list!" from wrong_gates() w join coupon_list c on c.list_id = w
               order by 1"#
        );
        ask(rows.fetch_all(&mut self.session)).await
    }

    /// Seconds since the moment whose data the last dump of `couponry backup` has.
    pub async fn seconds_since_backup(&mut self) -> Result<Option<i64>> {
        let seconds = sqlx::query_scalar!(
            "select extract(epoch from clock_timestamp() - backed_up_at)::bigint from deployment"
        );
        ask(seconds.fetch_one(&mut self.session)).await
    }
}
