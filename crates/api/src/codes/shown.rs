//! A code's passport as the API shows it.

use domain::instant_with_zone;
use serde::Serialize;
use serde_json::Value;
use storage::{HistoryEntry, ListRef, Passport, Redemption};
use utoipa::ToSchema;

use crate::{allocations::shown::ShownAllocation, openapi::texts, words::words};

/// Where a code comes from and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = CodePassport)]
pub(crate) struct ShownPassport {
    coupon_code: String,
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    status: ShownStatus,
    file: ShownOrigin,
    /// Its place in the order in which its file is handed out, from 1.
    #[schema(minimum = 1)]
    position: i64,
    history: Vec<ShownEntry>,
    /// Whose it is; null if nobody's.
    #[schema(required = true)]
    allocation: Option<ShownAllocation>,
    /// Null if it was not redeemed.
    #[schema(required = true)]
    redemption: Option<ShownRedemption>,
}

words! {
    /// A code that was given back is available.
    #[schema(as = CodeStatus)]
    #[serde(rename_all = "UPPERCASE")]
    enum ShownStatus of storage::CodeStatus {
        Available,
        Held,
        Allocated,
        Redeemed,
        Disabled,
        Quarantined,
    }
}

/// The file that brought the code.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeOrigin)]
struct ShownOrigin {
    #[schema(value_type = texts::Id)]
    _id: String,
    name: String,
    created_by: String,
}

/// Something that happened to the code.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeEvent)]
struct ShownEntry {
    #[schema(value_type = texts::Instant)]
    at: String,
    event: ShownEvent,
}

words! {
    #[schema(as = CodeEventKind)]
    #[serde(rename_all = "UPPERCASE")]
    enum ShownEvent of storage::CodeEvent {
        Added,
        Allocated,
        Confirmed,
        Released,
        Redeemed,
        Disabled,
    }
}

/// When the code was used, and what the shop said.
#[derive(Serialize, ToSchema)]
#[schema(as = Redemption)]
struct ShownRedemption {
    #[schema(value_type = texts::Instant)]
    redeemed_at: String,
    #[schema(required = true)]
    redemption_id: Option<String>,
    #[schema(value_type = Option<Object>, required = true)]
    metadata: Option<Value>,
}

impl ShownPassport {
    pub(crate) fn new(list: &ListRef, code: String, passport: Passport) -> Self {
        Self {
            coupon_code: code,
            coupon_list_id: list.public_id.to_string(),
            status: passport.status.into(),
            file: ShownOrigin {
                _id: passport.file.to_string(),
                name: passport.file_name,
                created_by: passport.file_created_by,
            },
            position: passport.position,
            history: passport.history.into_iter().map(ShownEntry::from).collect(),
            allocation: passport
                .allocation
                .map(|recorded| ShownAllocation::recorded(list, recorded)),
            redemption: passport.redemption.map(ShownRedemption::from),
        }
    }
}

impl From<HistoryEntry> for ShownEntry {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            at: instant_with_zone(entry.at),
            event: entry.event.into(),
        }
    }
}

impl From<Redemption> for ShownRedemption {
    fn from(redemption: Redemption) -> Self {
        Self {
            redeemed_at: instant_with_zone(redemption.at),
            redemption_id: redemption.redemption_id,
            metadata: redemption.metadata,
        }
    }
}
