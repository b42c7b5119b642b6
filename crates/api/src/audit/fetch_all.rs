//! `GET /v1/audit-log`

use actix_web::{HttpRequest, HttpResponse, web};
use domain::instant_with_zone;
use serde::Serialize;
use storage::AuditEntry;
use utoipa::ToSchema;

use crate::{
    App,
    authentication::Workspace,
    error::{ApiError, Envelope},
    openapi::{refusals::Guarded, texts},
    query::query,
};

/// The most entries of one page, and how many there are if nothing is said.
const MOST: i64 = 1_000;
const USUAL: i64 = 100;

query! {
    struct AuditParameters {
        /// The `next_cursor` of the page before.
        #[param(minimum = 1)]
        cursor: Option<i64>,
        /// 100 if absent.
        #[param(minimum = 1, maximum = 1000)]
        limit: Option<i64>,
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditLog)]
struct Log {
    data: Vec<ShownEntry>,
    /// For the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<i64>,
}

/// A changing call that succeeded.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct ShownEntry {
    #[schema(value_type = texts::Instant)]
    at: String,
    /// The number of the API key that asked, as `couponry key list` has it; null for what a person or the command line did.
    #[schema(required = true)]
    api_key: Option<i64>,
    /// The name of the person whose doing it was at the console.
    #[schema(required = true)]
    person: Option<String>,
    #[schema(examples("list.archive"))]
    action: String,
    #[schema(value_type = Option<texts::Id>, required = true)]
    coupon_list_id: Option<String>,
    /// The file, token, report or API key that it was about, or what was made; of an invitation, the address.
    #[schema(required = true)]
    object_id: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/audit-log",
    operation_id = "fetchAuditLog",
    tag = "Service",
    summary = "Who changed what",
    description = "Every changing call of the workspace that succeeded, the newest first. Hand-outs are in the ledger \
        instead. Neither codes nor recipients are named.",
    params(AuditParameters),
    responses(
        (status = 200, description = "A page.", body = Log),
        (status = 400, description = "`bad-request`: a parameter is not what it should be, or there twice.", body = Envelope),
        Guarded,
    ),
)]
pub(crate) async fn fetch_all(
    app: web::Data<App>,
    workspace: Workspace,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = AuditParameters::of(request.query_string());
    let limit = asked.limit.number(1..=MOST)?.unwrap_or(USUAL);
    let before = asked.cursor.number(1..=i64::MAX)?;
    let entries = app.storage.audit_entries(&workspace.0, before, limit).await?;
    let is_full = i64::try_from(entries.len()) == Ok(limit);
    let next_cursor = entries.last().filter(|_| is_full).map(|last| last.id);
    Ok(HttpResponse::Ok().json(Log {
        data: entries.into_iter().map(ShownEntry::from).collect(),
        next_cursor,
    }))
}

impl From<AuditEntry> for ShownEntry {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: instant_with_zone(entry.at),
            api_key: entry.api_key_id,
            person: entry.person,
            action: entry.action,
            coupon_list_id: entry.list,
            object_id: entry.object,
        }
    }
}
