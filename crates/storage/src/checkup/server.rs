//! The server: its settings, who works on it, who follows it.

use std::time::Duration;

use super::{Checkup, ask};
use crate::{Result, jobs::interval};

/// Of the settings of PostgreSQL those that codes and speed depend on, as a session of this role has them.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ServerSettings {
    pub version: String,
    /// `150015` for 15.15.
    pub version_number: i32,
    pub is_in_recovery: bool,
    /// The role of this session.
    pub is_superuser: bool,
    pub fsync: bool,
    pub full_page_writes: bool,
    pub synchronous_commit: String,
    pub synchronous_standby_names: String,
    pub data_checksums: bool,
    pub autovacuum: bool,
    pub jit: bool,
    pub wal_compression: bool,
    pub archive_mode: bool,
    pub shared_buffers_bytes: i64,
    pub max_wal_size_bytes: i64,
    pub checkpoint_timeout_seconds: i64,
    pub max_connections: i64,
    /// Of which so many are kept for administrators.
    pub reserved_connections: i64,
    pub connections: i64,
}

/// A transaction that is open for long.
#[derive(Debug, Clone)]
pub struct OpenTransaction {
    pub process: i32,
    pub application: String,
    pub seconds: i64,
    /// Nothing runs in it: somebody forgot to end it.
    pub is_idle: bool,
}

/// A server that takes this one's log.
#[derive(Debug, Clone)]
pub struct FollowingReplica {
    pub name: String,
    /// `async`, `potential`, `sync` or `quorum`.
    pub sync_state: String,
    pub bytes_behind: i64,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct ReplicaState {
    pub is_in_recovery: bool,
    pub is_of_this_primary: bool,
    pub is_paused: bool,
    /// Bytes of the log that it has not replayed.
    pub bytes_behind: i64,
    pub hot_standby_feedback: bool,
}

/// How the copying of finished parts of the log goes.
#[derive(Debug, Clone)]
pub struct ArchiverState {
    pub seconds_since_success: Option<i64>,
    /// Whether the last try failed.
    pub fails: bool,
}

impl Checkup {
    pub async fn settings(&mut self) -> Result<ServerSettings> {
        let row = sqlx::query_as!(
            ServerSettings,
            r#"select current_setting('server_version') as "version!",
                      current_setting('server_version_num')::int as "version_number!",
                      pg_is_in_recovery() as "is_in_recovery!",
                      current_setting('is_superuser')::bool as "is_superuser!",
                      current_setting('fsync')::bool as "fsync!",
                      current_setting('full_page_writes')::bool as "full_page_writes!",
                      current_setting('synchronous_commit') as "synchronous_commit!",
                      current_setting('synchronous_standby_names') as "synchronous_standby_names!",
                      current_setting('data_checksums')::bool as "data_checksums!",
                      current_setting('autovacuum')::bool as "autovacuum!",
                      current_setting('jit')::bool as "jit!",
                      current_setting('wal_compression') <> 'off' as "wal_compression!",
                      current_setting('archive_mode') <> 'off' as "archive_mode!",
                      pg_size_bytes(current_setting('shared_buffers')) as "shared_buffers_bytes!",
                      pg_size_bytes(current_setting('max_wal_size')) as "max_wal_size_bytes!",
                      (select setting::bigint from pg_settings where name = 'checkpoint_timeout')
                          as "checkpoint_timeout_seconds!",
                      current_setting('max_connections')::bigint as "max_connections!",
                      current_setting('superuser_reserved_connections')::bigint
                          + coalesce(current_setting('reserved_connections', true)::bigint, 0) as "reserved_connections!",
                      (select count(*) from pg_stat_activity where backend_type = 'client backend') as "connections!""#
        );
        ask(row.fetch_one(&mut self.session)).await
    }

    /// Of this database, the oldest first. Of other roles' sessions only those that this one may see.
    pub async fn open_transactions(&mut self, longer_than: Duration) -> Result<Vec<OpenTransaction>> {
        let rows = sqlx::query_as!(
            OpenTransaction,
            r#"select pid as "process!", coalesce(application_name, '') as "application!",
                      extract(epoch from clock_timestamp() - xact_start)::bigint as "seconds!",
                      coalesce(state, '') like 'idle in transaction%' as "is_idle!"
               from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                 and xact_start < clock_timestamp() - $1::interval
               order by xact_start limit 20"#,
            interval(longer_than)
        );
        ask(rows.fetch_all(&mut self.session)).await
    }

    /// Seconds since the oldest transaction was prepared that nobody ended.
    pub async fn oldest_prepared_transaction(&mut self) -> Result<Option<i64>> {
        let oldest = sqlx::query_scalar!(
            "select extract(epoch from clock_timestamp() - min(prepared))::bigint from pg_prepared_xacts
             where database = current_database()"
        );
        ask(oldest.fetch_one(&mut self.session)).await
    }

    /// Of a primary only.
    pub async fn following_replicas(&mut self) -> Result<Vec<FollowingReplica>> {
        let rows = sqlx::query_as!(
            FollowingReplica,
            r#"select coalesce(application_name, '') as "name!", coalesce(sync_state, '') as "sync_state!",
                      coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint as "bytes_behind!"
               from pg_stat_replication where state = 'streaming' order by 1"#
        );
        ask(rows.fetch_all(&mut self.session)).await
    }

    /// Replication slots that nobody reads from, with the bytes of the log that are kept for them. Of a primary only.
    pub async fn left_slots(&mut self) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query!(
            r#"select slot_name::text as "name!",
                      coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint as "bytes!"
               from pg_replication_slots where not active order by 2 desc"#
        );
        let slots = rows.map(|row| (row.name, row.bytes));
        ask(slots.fetch_all(&mut self.session)).await
    }

    /// Where a primary's log ends, and whose it is.
    pub async fn log_end(&mut self) -> Result<(String, i64)> {
        let row = sqlx::query!(
            r#"select pg_current_wal_lsn()::text as "end!", system_identifier as "system!" from pg_control_system()"#
        );
        let end = row.map(|row| (row.end, row.system));
        ask(end.fetch_one(&mut self.session)).await
    }

    /// Of a replica, against where its primary's log ended.
    pub async fn replica(&mut self, log_end: &(String, i64)) -> Result<ReplicaState> {
        let row = sqlx::query_as!(
            ReplicaState,
            r#"select pg_is_in_recovery() as "is_in_recovery!", system_identifier = $2 as "is_of_this_primary!",
                      case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end as "is_paused!",
                      coalesce(pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint as "bytes_behind!",
                      current_setting('hot_standby_feedback')::bool as "hot_standby_feedback!"
               from pg_control_system()"#,
            log_end.0,
            log_end.1
        );
        ask(row.fetch_one(&mut self.session)).await
    }

    pub async fn archiver(&mut self) -> Result<ArchiverState> {
        let row = sqlx::query_as!(
            ArchiverState,
            r#"select extract(epoch from clock_timestamp() - last_archived_time)::bigint as seconds_since_success,
                      coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as "fails!"
               from pg_stat_archiver"#
        );
        ask(row.fetch_one(&mut self.session)).await
    }

    /// The database's clock, in microseconds since 1970.
    pub async fn clock(&mut self) -> Result<i64> {
        let now = sqlx::query_scalar!(
            r#"select (extract(epoch from clock_timestamp()) * 1000000)::bigint as "now!""#
        );
        ask(now.fetch_one(&mut self.session)).await
    }
}
