//! Single codes: where one is, what became of it, and taking it out of use.

mod block;
mod export;
mod in_lists;
pub(crate) mod runs;

use domain::{Position, PublicId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;

pub use self::{block::Block, export::Export, runs::Run};
use crate::{Error, ListRef, Recorded, Result, Storage, Workspace, lists::fingerprint_key};

/// Where a code of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePlace {
    pub(crate) file_id: i64,
    pub(crate) ordinal: i64,
}

impl CodePlace {
    pub const fn new(file_id: i64, ordinal: i64) -> Self {
        Self { file_id, ordinal }
    }
}

/// All that is known of a code.
#[derive(Debug, Clone)]
pub struct Passport {
    pub status: CodeStatus,
    pub file: PublicId,
    pub file_name: String,
    pub file_created_by: String,
    /// The code's place in the order in which its file is handed out, from 1.
    pub position: i64,
    pub history: Vec<HistoryEntry>,
    /// The last hand-out, unless it was given back.
    pub allocation: Option<Recorded>,
    pub redemption: Option<Redemption>,
}

/// What a code can be now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "code_status", rename_all = "UPPERCASE")]
pub enum CodeStatus {
    /// A code that was given back, too.
    Available,
    Held,
    Allocated,
    Redeemed,
    Disabled,
    Quarantined,
}

impl CodeStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Held => "HELD",
            Self::Allocated => "ALLOCATED",
            Self::Redeemed => "REDEEMED",
            Self::Disabled => "DISABLED",
            Self::Quarantined => "QUARANTINED",
        }
    }
}

/// Something that happened to a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    pub at: Timestamp,
    pub event: CodeEvent,
}

/// What can happen to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CodeEvent {
    Added,
    Allocated,
    Confirmed,
    Released,
    Redeemed,
    Disabled,
}

/// When a code was used, and what the shop said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    pub at: Timestamp,
    pub redemption_id: Option<String>,
    pub metadata: Option<Value>,
}

/// What became of a code that was to be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "redeem_outcome", rename_all = "kebab-case")]
pub enum RedeemOutcome {
    /// By this call, or by one before with the same id.
    Redeemed,
    Already,
    /// Nobody has it for good: it is held, free, given back or disabled.
    NotRedeemable,
}

/// What became of a code that was to be disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "disable_outcome", rename_all = "kebab-case")]
pub enum DisableOutcome {
    /// It will never be handed out (again).
    Disabled,
    /// It was used; there is nothing left to disable.
    Redeemed,
    /// The list has no code there (any more).
    Absent,
}

#[derive(Debug, Deserialize)]
struct StoredEntry {
    at: i64,
    event: CodeEvent,
}

/// As the event keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct RedemptionDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    redemption_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

impl Storage {
    /// Where the code is, if the list has or had it. One index probe for each of the list's files.
    pub async fn find_code(&self, list: &ListRef, code: &str) -> Result<Option<CodePlace>> {
        let found = sqlx::query!(
            r#"select file_id as "file_id!", ordinal as "ordinal!" from find_code($1, $2, $3)"#,
            list.list_id,
            list.key.fingerprint(code.as_bytes()),
            code,
        );
        Ok(found
            .fetch_optional(self.pool.of(list.workspace_id))
            .await?
            .map(|row| CodePlace {
                file_id: row.file_id,
                ordinal: row.ordinal,
            }))
    }

    /// All that is known of the code at this place; `None` if it went with its file or list before anyone got it.
    pub async fn passport(&self, list: &ListRef, place: CodePlace) -> Result<Option<Passport>> {
        let row = sqlx::query!(
            r#"select file_public_id as "file_public_id!", file_name as "file_name!",
                      file_created_by as "file_created_by!", turn, status,
                      history as "history!: Json<Vec<StoredEntry>>",
                      redemption as "redemption: Json<RedemptionDetail>",
                      redeemed_at as "redeemed_at: jiff_sqlx::Timestamp"
               from code_passport($1, $2, $3)"#,
            list.list_id,
            place.file_id,
            place.ordinal,
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await?;
        let Some(status) = row.status else {
            return Ok(None);
        };
        let is_out = matches!(
            status,
            CodeStatus::Held | CodeStatus::Allocated | CodeStatus::Redeemed
        );
        let allocation = match row.turn.filter(|_| is_out) {
            Some(turn) => {
                let position = Position {
                    file_id: place.file_id,
                    ordinal: place.ordinal,
                    turn,
                };
                self.recorded(list, &[position]).await?.pop().flatten()
            }
            None => None,
        };
        let history = row.history.0.into_iter().map(|entry| {
            Ok(HistoryEntry {
                at: Timestamp::from_microsecond(entry.at).map_err(|_| unreadable("history"))?,
                event: entry.event,
            })
        });
        let redemption = row.redeemed_at.map(|at| {
            let detail = row.redemption.map(|detail| detail.0);
            let (redemption_id, metadata) =
                detail.map_or((None, None), |detail| (detail.redemption_id, detail.metadata));
            Redemption {
                at: at.into(),
                redemption_id,
                metadata,
            }
        });
        Ok(Some(Passport {
            status,
            file: PublicId::try_from(row.file_public_id.as_slice()).map_err(|_| unreadable("file"))?,
            file_name: row.file_name,
            file_created_by: row.file_created_by,
            position: place.ordinal + 1,
            history: history.collect::<Result<_>>()?,
            allocation,
            redemption,
        }))
    }

    /// The lists of the workspace that the actor sees, to look for a code in each.
    pub async fn list_refs(&self, workspace: &Workspace) -> Result<Vec<ListRef>> {
        let rows = sqlx::query!(
            "select list_id, public_id, fingerprint_key from coupon_list
             where workspace_id = $1 and ($2::bigint[] is null or list_id = any ($2))
             order by created_at desc, public_id",
            workspace.workspace_id,
            workspace.lists.as_deref(),
        );
        let rows = rows.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        rows.into_iter()
            .map(|row| {
                Ok(ListRef {
                    workspace_id: workspace.workspace_id,
                    list_id: row.list_id,
                    public_id: PublicId::try_from(row.public_id.as_slice())
                        .map_err(|_| unreadable("list"))?,
                    key: fingerprint_key(&row.fingerprint_key)?,
                })
            })
            .collect()
    }

    /// Notes that the code was used. Idempotent by `redemption_id`.
    pub async fn redeem(
        &self,
        list: &ListRef,
        place: CodePlace,
        redemption_id: Option<String>,
        metadata: Option<Value>,
    ) -> Result<RedeemOutcome> {
        let detail = RedemptionDetail {
            redemption_id,
            metadata,
        };
        let outcome = sqlx::query_scalar!(
            r#"select redeem($1, $2, $3, $4) as "outcome!""#,
            list.list_id,
            place.file_id,
            place.ordinal,
            Json(&detail) as _,
        );
        Ok(outcome.fetch_one(self.pool.of(list.workspace_id)).await?)
    }

    /// Makes sure that the code is never handed out (again). Idempotent.
    pub async fn disable(&self, list: &ListRef, place: CodePlace, code: &str) -> Result<DisableOutcome> {
        let outcome = sqlx::query_scalar!(
            r#"select disable($1, $2, $3, $4) as "outcome!""#,
            list.list_id,
            place.file_id,
            place.ordinal,
            code
        );
        Ok(outcome.fetch_one(self.pool.of(list.workspace_id)).await?)
    }
}

fn unreadable(what: &str) -> Error {
    Error::Fault(format!("a code's {what} cannot be read"))
}
