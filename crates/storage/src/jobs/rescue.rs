//! Jobs whose workers have fallen silent.

use crate::{Error, JobKind, Result, Storage};

impl Storage {
    /// Makes the jobs of silent workers claimable again, each by itself; answers how many.
    pub async fn rescue_jobs(&self) -> Result<i32> {
        let silent = sqlx::query!(
            "select job_id, kind from job where state = 'running' and lease_until < clock_timestamp()
             order by job_id limit 1000"
        );
        let mut rescued = 0;
        for job in silent.fetch_all(&self.pool).await? {
            let kind = JobKind::STORED
                .into_iter()
                .find(|kind| kind.as_str() == job.kind)
                .ok_or_else(|| Error::Fault(format!("job {} is of an unknown kind", job.job_id)))?;
            let most = kind.most_deaths();
            let was_silent = sqlx::query_scalar!(
                r#"select rescue_job($1, $2, $3) as "rescued!""#,
                job.job_id,
                most,
                kind.failure(Some(most)),
            );
            rescued += i32::from(was_silent.fetch_one(&self.pool).await?);
        }
        Ok(rescued)
    }
}
