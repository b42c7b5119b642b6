//! Requests of a workspace, counted for all processes at once.

use std::num::NonZeroU32;

use domain::{Operation, RateLimit};

use crate::{Result, Storage, Workspace};

/// Where a workspace stands after a request: the window with the least room, or the one that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub allowed: bool,
    /// Requests in the window.
    pub limit: i32,
    /// Of which are left.
    pub remaining: i32,
    /// When the next window begins, in seconds since 1970.
    pub reset_at: i64,
    /// How long that is from now by the database's clock, in seconds; at least 1.
    pub retry_after: i32,
}

impl Storage {
    /// Counts the request, if there is room for it; `None` where nothing is limited.
    pub async fn count_request(
        &self,
        workspace: &Workspace,
        operation: Operation,
        limit: RateLimit,
    ) -> Result<Option<Quota>> {
        if limit == RateLimit::NONE {
            return Ok(None);
        }
        let signed = |number: Option<NonZeroU32>| number.map(|number| number.get().cast_signed());
        let quota = sqlx::query_as!(
            Quota,
            r#"select allowed as "allowed!", quota as "limit!", remaining as "remaining!", reset_at as "reset_at!",
                      retry_after as "retry_after!"
               from count_request($1, $2, $3, $4)"#,
            workspace.workspace_id,
            operation.as_str(),
            signed(limit.a_minute),
            signed(limit.a_day),
        );
        quota
            .fetch_one(self.pool.of(workspace.workspace_id))
            .await
            .map(Some)
            .map_err(Into::into)
    }
}
