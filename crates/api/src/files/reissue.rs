//! `POST /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue`

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes},
};
use domain::AllocationStatus;
use futures_util::StreamExt as _;
use serde::Serialize;
use storage::{AllocationRequest, ListRef, Recorded, Shortage};
use utoipa::ToSchema;

use super::recipients::pages;
use crate::{
    App,
    allocations::shown::{Served, ShownAllocation, served},
    body::Body,
    error::{ApiError, Envelope, Told},
    openapi::{
        refusals::{Guarded, NamesFile},
        texts,
    },
    path::{FilePath, List, file_id},
};

/// A replacement, or why there is none.
#[derive(Serialize, ToSchema)]
#[schema(as = Reissued)]
struct Reissued {
    /// The hand-out of the file that is replaced.
    #[schema(value_type = texts::AllocationId)]
    replaces: String,
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    allocation: Option<ShownAllocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    error: Option<Told>,
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue",
    operation_id = "reissueFile",
    tag = "Coupon Files",
    summary = "Replace a file's codes",
    description = "A code of the list's other files for everybody who has one of this file, which must be quarantined: \
        one JSON object a line. Codes that are held, given back or redeemed are not replaced. Idempotent: again it \
        answers the same replacements.",
    params(FilePath),
    responses(
        (status = 200, description = "The replacements.", body = Reissued, content_type = "application/x-ndjson"),
        (status = 409, description = "`coupon-file-not-quarantined`", body = Envelope),
        Guarded,
        NamesFile,
    ),
)]
pub(crate) async fn reissue(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    body.nothing().await?;
    let id = file_id(&request)?;
    if !app
        .storage
        .is_quarantined(&list.0, id)
        .await?
        .ok_or(ApiError::NotFound)?
    {
        return Err(ApiError::FileNotQuarantined);
    }
    let list = list.0;
    let text =
        pages(&app, &list, id).await?.then(move |page| {
            let (app, list) = (app.clone(), list.clone());
            async move {
                Ok::<_, actix_web::Error>(replace(&app, &list, page.map_err(ApiError::break_off)?).await)
            }
        });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(text))
}

async fn replace(app: &App, list: &Arc<ListRef>, page: Vec<Recorded>) -> Bytes {
    let wanted: Vec<(String, AllocationRequest)> = page
        .into_iter()
        .filter(|recorded| recorded.allocation.status == AllocationStatus::Allocated)
        .filter_map(|recorded| recorded.replacement(list))
        .collect();
    let requests = wanted
        .iter()
        .map(|(_, request)| request.clone())
        .collect::<Vec<_>>();
    let outcomes = if requests.is_empty() {
        Ok(Vec::new())
    } else {
        app.allocator.allocate(list, requests, Shortage::Partial).await
    };
    let (mut outcomes, failure) = match outcomes {
        Ok(outcomes) => (outcomes.into_iter(), ApiError::BUSY),
        Err(error) => {
            let failure = ApiError::from(error);
            failure.log();
            (Vec::new().into_iter(), failure)
        }
    };
    let mut text = Vec::new();
    for (replaces, request) in wanted {
        let user_id = Some(request.user_id.as_str().to_owned());
        let outcome = outcomes.next().ok_or_else(|| failure.clone());
        let (allocation, error) = match outcome.and_then(|outcome| served(list, request, outcome)) {
            Ok(Served::New(allocation) | Served::Repeat(allocation)) => (Some(allocation), None),
            Err(error) => (None, Some(error.told())),
        };
        let line = Reissued {
            replaces,
            user_id,
            allocation,
            error,
        };
        // Texts under texts, into a Vec: nothing can fail.
        _ = serde_json::to_writer(&mut text, &line);
        text.push(b'\n');
    }
    text.into()
}
