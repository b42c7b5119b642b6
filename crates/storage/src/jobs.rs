//! Work that outlives a request: claimed under a lease, fenced by attempt and owner, given back when its worker falls
//! silent.

use std::{str::FromStr as _, time::Duration};

use domain::LoadFailure;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, types::PgInterval},
};
use uuid::Uuid;

use crate::{
    Error, FileToFetch, FileToLoad, MailToSend, ReportToBuild, Result, Storage, callbacks::CallbackToMake,
    load::Source,
};

/// Claims after which a job that keeps killing its workers is given up.
const MOST_ATTEMPTS: i32 = 300;

/// What kinds of work there are; a load of a hosted file is two, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    FetchFile,
    LoadFile,
    PurgeList,
    SendMail,
    CallBack,
    BuildReport,
}

impl JobKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FetchFile => "fetch_file",
            Self::LoadFile => "load_file",
            Self::PurgeList => "purge_list",
            Self::SendMail => "send_mail",
            Self::CallBack => "call_back",
            Self::BuildReport => "build_report",
        }
    }

    /// Errors after which a job is given up. What goes to somebody else's server has three days, more or less: a relay
    /// or a receiver that is down over a weekend loses nothing.
    const fn most_failures(self) -> i32 {
        match self {
            Self::FetchFile | Self::LoadFile | Self::PurgeList | Self::BuildReport => 5,
            Self::SendMail => 870,
            Self::CallBack => 80,
        }
    }

    /// How long to wait when another error follows on so many: 2, 4, 8 … seconds up to a limit of the kind.
    pub fn back_off(self, failures: i32) -> Duration {
        let most = match self {
            Self::FetchFile | Self::LoadFile | Self::PurgeList | Self::BuildReport => Duration::from_mins(2),
            Self::SendMail => Duration::from_mins(5),
            Self::CallBack => Duration::from_hours(1),
        };
        Duration::from_secs(2 << failures.clamp(0, 12)).min(most)
    }
}

/// The right to work on a job: the fencing token that every write about it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub job_id: i64,
    pub attempt: i32,
    /// Tries that ended by an error, so far.
    pub failures: i32,
    pub(crate) owner: Uuid,
}

/// A claimed job, with what it needs.
#[derive(Debug, Clone)]
pub enum Job {
    FetchFile(Box<FileToFetch>),
    LoadFile(Box<FileToLoad>),
    PurgeList { claim: Claim, list_id: i64 },
    SendMail(Box<MailToSend>),
    CallBack(CallbackToMake),
    BuildReport(ReportToBuild),
}

impl Job {
    pub fn claim(&self) -> Claim {
        match self {
            Self::FetchFile(file) => file.claim,
            Self::LoadFile(file) => file.claim,
            Self::PurgeList { claim, .. } => *claim,
            Self::SendMail(mail) => mail.claim,
            Self::CallBack(callback) => callback.claim,
            Self::BuildReport(report) => report.claim,
        }
    }
}

impl Storage {
    /// The next job of this kind, for `lease` from now: of the workspace that has the fewest of them running, and fewer
    /// than `most`. A list's loads come one at a time, in their order.
    pub async fn claim_job(&self, kind: JobKind, most: u32, lease: Duration) -> Result<Option<Job>> {
        let owner = Uuid::from_bytes(rand::random());
        let claimed = sqlx::query_file!(
            "src/queries/claim_job.sql",
            kind.as_str(),
            owner,
            interval(lease),
            i64::from(most)
        );
        let row = match claimed.fetch_optional(&self.pool).await {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            // Another worker took another load of this list a moment before.
            Err(error) if is_lost_race(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let claim = Claim {
            job_id: row.job_id,
            attempt: row.attempt,
            failures: row.failures,
            owner,
        };
        let list_id = row.list_id;
        let file_id = row
            .file_id
            .ok_or_else(|| Error::Fault(format!("job {} names no file", row.job_id)));
        Ok(Some(match kind {
            JobKind::FetchFile => {
                let source: Source = payload(row.job_id, row.payload)?;
                Job::FetchFile(Box::new(FileToFetch::new(claim, list_id, file_id?, source)?))
            }
            JobKind::LoadFile => {
                let source: Source = payload(row.job_id, row.payload)?;
                let file = FileToLoad::new(claim, list_id, file_id?, &row.fingerprint_key, source)?;
                Job::LoadFile(Box::new(file))
            }
            JobKind::PurgeList => Job::PurgeList { claim, list_id },
            JobKind::SendMail => Job::SendMail(Box::new(MailToSend::new(
                claim,
                list_id,
                payload(row.job_id, row.payload)?,
            ))),
            JobKind::CallBack => Job::CallBack(CallbackToMake {
                claim,
                list_id,
                file_id: file_id?,
            }),
            JobKind::BuildReport => Job::BuildReport(ReportToBuild::new(
                claim,
                list_id,
                payload(row.job_id, row.payload)?,
            )),
        }))
    }

    /// Prolongs the lease; false if the job is no longer the caller's and its work is in vain.
    pub async fn prolong_lease(&self, claim: Claim, lease: Duration) -> Result<bool> {
        let prolonged = sqlx::query!(
            "update job set lease_until = clock_timestamp() + $4
             where job_id = $1 and attempt = $2 and lease_owner = $3 and state = 'running'",
            claim.job_id,
            claim.attempt,
            claim.owner,
            interval(lease),
        );
        Ok(prolonged.execute(&self.pool).await?.rows_affected() == 1)
    }

    pub async fn finish_job(&self, claim: Claim) -> Result<()> {
        let ended = sqlx::query_scalar!(
            "select end_job($1, $2, $3, clock_timestamp())",
            claim.job_id,
            claim.attempt,
            claim.owner
        );
        ended.fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Gives the job back after an error, to be tried again after `delay`; given up after too many of them.
    pub async fn retry_job(&self, kind: JobKind, claim: Claim, error: &str, delay: Duration) -> Result<()> {
        self.count_failure(claim, error, delay, kind.most_failures())
            .await
    }

    /// Gives the job up: trying again would end the same way.
    pub async fn give_up_job(&self, claim: Claim, error: &str) -> Result<()> {
        self.count_failure(claim, error, Duration::ZERO, 1).await
    }

    async fn count_failure(&self, claim: Claim, error: &str, delay: Duration, most: i32) -> Result<()> {
        sqlx::query!(
            "select retry_job($1, $2, $3, $4, $5, $6, $7)",
            claim.job_id,
            claim.attempt,
            claim.owner,
            error,
            interval(delay),
            most,
            LoadFailure::ServerFault.to_string(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives a job back at once, without counting a failure: the worker is going away.
    pub async fn hand_over_job(&self, claim: Claim) -> Result<()> {
        sqlx::query!(
            "select make_ready(job_id, interval '0') from job
             where job_id = $1 and attempt = $2 and lease_owner = $3 and state = 'running'",
            claim.job_id,
            claim.attempt,
            claim.owner,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes the jobs of silent workers claimable again; answers how many.
    pub async fn rescue_jobs(&self) -> Result<i32> {
        let rescued = sqlx::query_scalar!(
            r#"select rescue_jobs($1, $2) as "rescued!""#,
            MOST_ATTEMPTS,
            LoadFailure::ServerFault.to_string(),
        );
        Ok(rescued.fetch_one(&self.pool).await?)
    }

    /// Forgets the jobs that ended a week ago, and the mails that have waited for a relay for so long: nobody wants
    /// last week's news.
    pub async fn forget_old_jobs(&self) -> Result<()> {
        sqlx::query!(
            "delete from job where job_id in (
                 select job_id from job
                 where state in ('done', 'dead') and ended_at < clock_timestamp() - interval '7 days'
                    or kind = 'send_mail' and state = 'ready' and created_at < clock_timestamp() - interval '7 days'
                 limit 10000)"
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets the idempotency keys of a week ago.
    pub async fn forget_old_idempotency_keys(&self) -> Result<()> {
        sqlx::query!(
            "delete from idempotent_request where created_at < clock_timestamp() - interval '7 days'"
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn payload<T: DeserializeOwned>(job_id: i64, payload: serde_json::Value) -> Result<T> {
    serde_json::from_value(payload)
        .map_err(|_| Error::Fault(format!("job {job_id}: its payload cannot be read")))
}

pub(crate) fn is_lost_race(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
        == Some("job_one_load_a_list")
}

pub(crate) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval {
        months: 0,
        days: 0,
        microseconds,
    }
}

/// Word of new jobs, by LISTEN on a direct connection: a pooler in transaction mode does not pass it on, so whoever
/// waits for it must also look from time to time.
#[derive(Debug)]
pub struct JobNews(PgListener);

impl JobNews {
    pub async fn listen(url: &SecretString) -> Result<Self> {
        let options = PgConnectOptions::from_str(url.expose_secret())?.application_name("couponry jobs");
        let pool: PgPool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen("couponry_job").await?;
        Ok(Self(listener))
    }

    /// Returns when a job was enqueued, or when the connection broke and was made again (something may have been missed).
    pub async fn next(&mut self) -> Result<()> {
        self.0.try_recv().await?;
        Ok(())
    }
}
