//! What is forgotten after a week.

use crate::{Result, Storage};

impl Storage {
    /// Forgets the jobs that ended a week ago, and the mails that have waited for a relay for so long: nobody wants
    /// last week's news.
    pub async fn forget_old_jobs(&self) -> Result<()> {
        sqlx::query!(
            "delete from job where job_id in (
                 select job_id from job
                 where state in ('done', 'dead') and ended_at < clock_timestamp() - interval '7 days'
                    or kind in ('send_mail', 'send_invitation') and state = 'ready' and created_at < clock_timestamp() - interval '7 days'
                 limit 10000)"
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }

    /// Forgets the idempotency keys of a week ago.
    pub async fn forget_old_idempotency_keys(&self) -> Result<()> {
        sqlx::query!(
            "delete from idempotent_request where created_at < clock_timestamp() - interval '7 days'"
        )
        .execute(&self.bulk)
        .await?;
        Ok(())
    }
}
