//! Work that outlives a request: claimed under a lease, fenced by attempt and owner, given back when its worker falls
//! silent.

mod bell;
mod census;
mod kind;
mod rescue;
mod retention;

use std::time::Duration;

use serde::de::DeserializeOwned;
use sqlx::postgres::types::PgInterval;
use tokio::time::Instant;
use uuid::Uuid;

pub use self::{bell::hear_of_jobs, census::JobCount, kind::JobKind};
use crate::{
    BulkActionToPerform, Error, FileToFetch, FileToLoad, InvitationToSend, MailToSend, Origin, ReportToBuild,
    Result, Storage, files::CallbackToMake, files::load::LoadPayload,
};

/// The right to work on a job: the fencing token that every write about it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub job_id: i64,
    pub attempt: i32,
    /// Tries that ended by an error, so far.
    pub failures: i32,
    pub(crate) owner: Uuid,
    /// The traced request that the work was asked for by.
    pub origin: Option<Origin>,
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
    BulkAction(BulkActionToPerform),
    SendInvitation(InvitationToSend),
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
            Self::BulkAction(action) => action.claim,
            Self::SendInvitation(invitation) => invitation.claim,
        }
    }
}

impl Storage {
    /// The next job of this kind, for `lease` from now: of the workspace that has the fewest of them running, and fewer
    /// than `most`. A list's loads come one at a time, in their order.
    pub async fn claim_job(&self, kind: JobKind, most: u32, lease: Duration) -> Result<Option<Job>> {
        let owner = Uuid::from_bytes(rand::random());
        let claimed = sqlx::query_as!(
            Claimed,
            r#"select job_id as "job_id!", attempt as "attempt!", failures as "failures!", list_id, file_id,
                      payload as "payload!", fingerprint_key, traceparent
               from claim_job($1, $2, $3, $4)"#,
            kind.as_str(),
            owner,
            interval(lease),
            i64::from(most)
        );
        match claimed.fetch_optional(&self.pool).await {
            Ok(Some(claimed)) => claimed.read(kind, owner).map(Some),
            Ok(None) => Ok(None),
            Err(error) if is_lost_race(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prolongs the lease; false if the job is no longer the caller's and its work is in vain. Answers within a third of
    /// the lease, so that there is time for another try.
    pub async fn prolong_lease(&self, claim: Claim, lease: Duration) -> Result<bool> {
        let deadline = Instant::now() + lease / 3;
        let prolonged = sqlx::query!(
            "update job j set lease_until = clock_timestamp() + $4
             where j.job_id = $1 and job_is_mine(j, $2, $3)",
            claim.job_id,
            claim.attempt,
            claim.owner,
            interval(lease),
        );
        let prolonged = prolonged.execute(self.pool.until(deadline)).await?;
        Ok(prolonged.rows_affected() == 1)
    }

    /// Ends the job; false if it was no longer the caller's, and whoever has it does it again.
    pub async fn finish_job(&self, claim: Claim) -> Result<bool> {
        let ended = sqlx::query_scalar!(
            r#"select end_job($1, $2, $3, clock_timestamp()) as "ended!""#,
            claim.job_id,
            claim.attempt,
            claim.owner
        );
        Ok(ended.fetch_one(&self.pool).await?)
    }

    /// Gives the job back after an error, to be tried again after `delay`; given up after too many of them. Whoever asked
    /// for the work may read what is `told`.
    pub async fn retry_job(
        &self,
        kind: JobKind,
        claim: Claim,
        error: &str,
        told: Option<&str>,
        delay: Duration,
    ) -> Result<()> {
        self.count_failure(kind, claim, error, told, delay, kind.most_failures())
            .await
    }

    /// Gives the job up: trying again would end the same way.
    pub async fn give_up_job(&self, kind: JobKind, claim: Claim, error: &str) -> Result<()> {
        self.count_failure(kind, claim, error, Some(error), Duration::ZERO, 1)
            .await
    }

    async fn count_failure(
        &self,
        kind: JobKind,
        claim: Claim,
        error: &str,
        told: Option<&str>,
        delay: Duration,
        most: i32,
    ) -> Result<()> {
        sqlx::query!(
            "select retry_job($1, $2, $3, $4, $5, $6, $7, $8)",
            claim.job_id,
            claim.attempt,
            claim.owner,
            error,
            interval(delay),
            most,
            kind.failure(None),
            told,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives a job back at once, without counting a failure: the worker is going away.
    pub async fn hand_over_job(&self, claim: Claim) -> Result<()> {
        sqlx::query!(
            "select hand_over_job($1, $2, $3)",
            claim.job_id,
            claim.attempt,
            claim.owner,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// A claimed job as the database tells it.
struct Claimed {
    job_id: i64,
    attempt: i32,
    failures: i32,
    list_id: Option<i64>,
    file_id: Option<i64>,
    payload: serde_json::Value,
    fingerprint_key: Option<Vec<u8>>,
    traceparent: Option<String>,
}

impl Claimed {
    fn read(self, kind: JobKind, owner: Uuid) -> Result<Job> {
        let claim = Claim {
            job_id: self.job_id,
            attempt: self.attempt,
            failures: self.failures,
            owner,
            origin: self.traceparent.and_then(Origin::read),
        };
        let missing = |what| Error::Fault(format!("job {} names no {what}", self.job_id));
        let list_id = self.list_id.ok_or_else(|| missing("list"));
        let key = self.fingerprint_key.ok_or_else(|| missing("list"));
        let file_id = self.file_id.ok_or_else(|| missing("file"));
        Ok(match kind {
            JobKind::FetchFile => {
                let load: LoadPayload = payload(self.job_id, self.payload)?;
                Job::FetchFile(Box::new(FileToFetch::new(
                    claim, list_id?, file_id?, &key?, load,
                )?))
            }
            JobKind::LoadFile => {
                let load: LoadPayload = payload(self.job_id, self.payload)?;
                let file = FileToLoad::new(claim, list_id?, file_id?, &key?, load)?;
                Job::LoadFile(Box::new(file))
            }
            JobKind::PurgeList => Job::PurgeList {
                claim,
                list_id: list_id?,
            },
            JobKind::SendMail => Job::SendMail(Box::new(MailToSend::new(
                claim,
                list_id?,
                payload(self.job_id, self.payload)?,
            ))),
            JobKind::CallBack => Job::CallBack(CallbackToMake {
                claim,
                list_id: list_id?,
                file_id: file_id?,
            }),
            JobKind::BuildReport => Job::BuildReport(ReportToBuild::new(
                claim,
                list_id?,
                payload(self.job_id, self.payload)?,
            )),
            JobKind::BulkAction => Job::BulkAction(BulkActionToPerform::new(
                claim,
                list_id?,
                payload(self.job_id, self.payload)?,
            )),
            JobKind::SendInvitation => Job::SendInvitation(InvitationToSend { claim }),
        })
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
