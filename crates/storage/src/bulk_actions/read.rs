//! What became of actions.

use domain::{ExternalId, PublicId};

use super::{BulkAction, BulkActionKind, BulkActionStatus};
use crate::{Error, HandOutFilter, ListRef, Result, Storage};

/// Of a list's actions, the newest.
const SHOWN: i64 = 100;

impl Storage {
    /// The list's newest actions, a hundred at most, the newest first.
    pub async fn bulk_actions(&self, list: &ListRef) -> Result<Vec<BulkAction>> {
        let rows = sqlx::query_as!(
            Row,
            "select public_id, action, file, user_id, of_erased, campaign_id, hand_out, from_at, until_at, status, failure, matched,
                    changed, created_at, ended_at
             from bulk_action where list_id = $1 order by bulk_action_id desc limit $2",
            list.list_id,
            SHOWN,
        );
        let rows = rows.fetch_all(self.pool.of(list.workspace_id)).await?;
        rows.into_iter().map(BulkAction::try_from).collect()
    }

    pub async fn bulk_action(&self, list: &ListRef, id: PublicId) -> Result<Option<BulkAction>> {
        let row = sqlx::query_as!(
            Row,
            "select public_id, action, file, user_id, of_erased, campaign_id, hand_out, from_at, until_at, status, failure, matched,
                    changed, created_at, ended_at
             from bulk_action where list_id = $1 and public_id = $2",
            list.list_id,
            id.as_bytes(),
        );
        let row = row.fetch_optional(self.pool.of(list.workspace_id)).await?;
        row.map(BulkAction::try_from).transpose()
    }
}

struct Row {
    public_id: Vec<u8>,
    action: String,
    file: Option<Vec<u8>>,
    user_id: Option<String>,
    of_erased: bool,
    campaign_id: Option<String>,
    hand_out: Option<String>,
    from_at: Option<jiff_sqlx::Timestamp>,
    until_at: jiff_sqlx::Timestamp,
    status: String,
    failure: Option<String>,
    matched: i64,
    changed: i64,
    created_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for BulkAction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let public_id = |bytes: &[u8]| PublicId::try_from(bytes).map_err(|_| unreadable());
        // As they were taken.
        let id = |text: Option<String>| text.map(ExternalId::new).transpose().map_err(|_| unreadable());
        Ok(Self {
            public_id: public_id(&row.public_id)?,
            kind: match row.action.as_str() {
                "CONFIRM" => BulkActionKind::Confirm,
                "RELEASE" => BulkActionKind::Release,
                "DISABLE" => BulkActionKind::Disable,
                _ => return Err(unreadable()),
            },
            filter: HandOutFilter {
                file: row.file.as_deref().map(public_id).transpose()?,
                user_id: id(row.user_id)?,
                campaign_id: id(row.campaign_id)?,
                status: row
                    .hand_out
                    .map(|word| word.parse().map_err(|_| unreadable()))
                    .transpose()?,
                from: row.from_at.map(Into::into),
                until: Some(row.until_at.into()),
            },
            status: match row.status.as_str() {
                "PENDING" => BulkActionStatus::Pending,
                "DONE" => BulkActionStatus::Done,
                "FAILED" => BulkActionStatus::Failed,
                _ => return Err(unreadable()),
            },
            failure: row.failure,
            of_erased: row.of_erased,
            matched: row.matched,
            changed: row.changed,
            created_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

fn unreadable() -> Error {
    Error::Fault("a bulk action cannot be read".to_owned())
}
