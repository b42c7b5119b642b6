//! Callbacks: a file's uploader is told that its load has ended.

use domain::{FileUrl, PublicId, WebhookSecret};
use jiff::Timestamp;

use crate::{Claim, CouponFile, Error, Result, Storage, Workspace};

/// A callback whose making the caller has claimed.
#[derive(Debug, Clone, Copy)]
pub struct CallbackToMake {
    pub claim: Claim,
    pub(crate) list_id: i64,
    pub(crate) file_id: i64,
}

/// What a callback tells, to whom, and what it is signed with.
#[derive(Debug, Clone)]
pub struct Callback {
    pub url: FileUrl,
    pub list: PublicId,
    pub file: CouponFile,
    /// The newest first. The one before it signs too for a day after it was replaced.
    pub secrets: Vec<WebhookSecret>,
    /// By the database's clock.
    pub now: Timestamp,
}

impl Storage {
    pub async fn callback(&self, callback: CallbackToMake) -> Result<Callback> {
        let row = sqlx::query!(
            r#"select c.public_id, f.callback_url as "url!", w.webhook_secret as secret,
                      case when w.webhook_secret_since > clock_timestamp() - interval '1 day'
                           then w.former_webhook_secret end as former,
                      clock_timestamp() as "now!"
               from coupon_file f join coupon_list c using (list_id) join workspace w using (workspace_id)
               where f.list_id = $1 and f.file_id = $2"#,
            callback.list_id,
            callback.file_id,
        )
        .fetch_one(&self.pool)
        .await?;
        let unreadable = || Error::Fault("a callback cannot be read".to_owned());
        Ok(Callback {
            url: FileUrl::new(&row.url).map_err(|_| unreadable())?,
            list: PublicId::try_from(row.public_id.as_slice()).map_err(|_| unreadable())?,
            file: self.file_by_id(callback.list_id, callback.file_id).await?,
            secrets: std::iter::once(row.secret)
                .chain(row.former)
                .map(WebhookSecret::from_bytes)
                .collect(),
            now: row.now.into(),
        })
    }

    /// What the workspace's callbacks are signed with.
    pub async fn webhook_secret(&self, workspace: &Workspace) -> Result<WebhookSecret> {
        let secret = sqlx::query_scalar!(
            "select webhook_secret from workspace where workspace_id = $1",
            workspace.workspace_id
        );
        Ok(WebhookSecret::from_bytes(
            secret.fetch_one(self.pool.of(workspace.workspace_id)).await?,
        ))
    }

    /// Makes another one; the one before it goes on signing, beside the new one, for a day.
    pub async fn rotate_webhook_secret(&self, workspace: &Workspace) -> Result<WebhookSecret> {
        let fresh: [u8; 32] = rand::random();
        let secret = sqlx::query_scalar!(
            "update workspace set former_webhook_secret = webhook_secret, webhook_secret = $2,
                                  webhook_secret_since = clock_timestamp()
             where workspace_id = $1 returning webhook_secret",
            workspace.workspace_id,
            &fresh,
        );
        Ok(WebhookSecret::from_bytes(
            secret.fetch_one(self.pool.of(workspace.workspace_id)).await?,
        ))
    }
}
