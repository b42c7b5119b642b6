//! What the gates say for longer than it is so.

use crate::{Result, Storage};

impl Storage {
    /// Takes from the gates that something was given back or disabled, where it is out again or behind; answers of how many
    /// lists it was asked.
    pub async fn tidy_gates(&self) -> Result<usize> {
        let lists = sqlx::query_scalar!("select list_id from gate where has_returned or has_disabled")
            .fetch_all(&self.bulk)
            .await?;
        for list_id in &lists {
            sqlx::query!("select tidy_gate($1)", list_id)
                .execute(&self.bulk)
                .await?;
        }
        Ok(lists.len())
    }
}
