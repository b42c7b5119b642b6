//! `POST /v1/coupon-list/{coupon_list_id}/bulk-actions`

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::parse_instant;
use jiff::Timestamp;
use storage::{BulkActionKind, HandOutFilter};

use super::shown::ShownBulkAction;
use crate::{
    App,
    allocations::{filter::NO_FILE, recipient::NOT_AN_INSTANT},
    audit::Made,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::{Field, body},
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

body! {
    /// What is to be done, and to which hand-outs: to those that all of what is said fits. Something has to be said of them.
    #[schema(examples(json!({"action": "release", "campaign_id": "c-12", "status": "HELD"})))]
    struct BulkActionBody {
        /// `confirm`, `release` or `disable`.
        action: String,
        user_id: Option<texts::ExternalId>,
        campaign_id: Option<texts::ExternalId>,
        /// The `_id` of a file of the list.
        file_id: Option<String>,
        /// `ALLOCATED`, `HELD`, `RELEASED` or `REDEEMED`, as it is when the action comes to it.
        status: Option<String>,
        /// Handed out at this instant or later.
        #[schema(format = DateTime)]
        from: Option<String>,
        /// Handed out before this instant; at latest when the action is asked for.
        #[schema(format = DateTime)]
        until: Option<String>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/bulk-actions",
    operation_id = "requestBulkAction",
    tag = "Allocations",
    summary = "Change many hand-outs",
    description = "Confirms all hand-outs that fit, gives them back, or disables their codes, in the background: in the order of \
        file and position, and only those that stand when the action comes to them (`HELD`, or `ALLOCATED` and not yet \
        redeemed). The answer says how far it has come, as `GET` on its `_id` does later. It goes on after a restart.",
    params(ListPath),
    request_body = BulkActionBody,
    responses(
        (status = 201, description = "It will be done.", body = ShownBulkAction),
        (status = 400, description = "`invalid-request`, `missing-mandatory-attributes`.", body = Envelope),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn request(
    app: web::Data<App>,
    list: List,
    body: Body,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let fields = body.object_or_empty(BODY_BYTES).await?;
    let body: BulkActionBody = fields.strict()?;
    let kind = match body.action.get()?.as_str() {
        "confirm" => BulkActionKind::Confirm,
        "release" => BulkActionKind::Release,
        "disable" => BulkActionKind::Disable,
        _ => return Err(body.action.wrong("must be confirm, release or disable")),
    };
    let filter = filter(&body)?;
    if filter.is_empty() {
        return Err(ApiError::Invalid(
            "Say which hand-outs: by 'user_id', 'campaign_id', 'file_id', 'status', 'from' or 'until'."
                .to_owned(),
        ));
    }
    if let Some(file) = filter.file {
        let known = app.storage.is_quarantined(&list.0, file).await?;
        known.ok_or_else(|| body.file_id.wrong(NO_FILE))?;
    }
    let id = app.storage.request_bulk_action(&list.0, kind, &filter).await?;
    request.extensions_mut().insert(Made(id));
    let action = app.storage.bulk_action(&list.0, id).await?;
    let action = action.ok_or(ApiError::NotFound)?;
    Ok(HttpResponse::Created().json(ShownBulkAction::new(&list.0, action)))
}

fn filter(body: &BulkActionBody) -> Result<HandOutFilter, ApiError> {
    let file = body.file_id.get()?.map(|id| id.parse()).transpose();
    let status = body.status.get()?.map(|word| word.parse()).transpose();
    Ok(HandOutFilter {
        file: file.map_err(|_| body.file_id.wrong(NO_FILE))?,
        user_id: body.user_id.get()?,
        campaign_id: body.campaign_id.get()?,
        status: status.map_err(|error| body.status.wrong(error))?,
        from: instant(&body.from)?,
        until: instant(&body.until)?,
    })
}

fn instant(field: &Field<Option<String>>) -> Result<Option<Timestamp>, ApiError> {
    let text = field.get()?;
    text.map(|text| parse_instant(&text).ok_or_else(|| field.wrong(NOT_AN_INSTANT)))
        .transpose()
}
