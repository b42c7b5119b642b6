//! Noting a call once it has succeeded.

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    rt, web,
};
use storage::Workspace;
use tracing::{Instrument as _, Span, error};

use super::Made;
use crate::{App, error::ApiError, request_log::Route};

/// One row for each changing call, after it was carried out and before it is answered. The call is a task of its own:
/// a client that hangs up drops the answer, but neither the call nor its row. A row that cannot be written is an error
/// in the log; the call stands, since it cannot be taken back.
pub(crate) async fn record<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let action = request
        .extensions()
        .get::<Route>()
        .and_then(|route| action(request.method(), &route.0));
    let Some(action) = action else {
        return next.call(request).await;
    };
    let call = async move {
        let response = next.call(request).await?;
        if response.status().is_success() {
            note(&response, action).await;
        }
        Ok(response)
    };
    rt::spawn(call.instrument(Span::current()))
        .await
        .map_err(|_| ApiError::Unavailable)?
}

async fn note<B>(response: &ServiceResponse<B>, action: &'static str) {
    let request = response.request();
    let workspace = request.extensions().get::<Workspace>().cloned();
    let made = request.extensions().get::<Made>().map(|made| made.0.to_string());
    let (Some(app), Some(workspace)) = (request.app_data::<web::Data<App>>(), workspace) else {
        return;
    };
    let in_path = |name| request.match_info().get(name).map(str::to_owned);
    let list = in_path("coupon_list_id");
    let object = made
        .or_else(|| in_path("coupon_file_id"))
        .or_else(|| in_path("token_id"))
        .or_else(|| in_path("report_id"));
    let noted = app
        .storage
        .note(&workspace, action, list.as_deref(), object.as_deref());
    if let Err(error) = noted.await {
        error!(%error, action, "a call is missing from the audit log");
    }
}

/// What the log calls it; `None` for what changes nothing, and for hand-outs, confirmations and what is given back: of
/// those the ledger is the record.
fn action(method: &Method, pattern: &str) -> Option<&'static str> {
    Some(match (method, pattern) {
        (&Method::POST, "/v1/coupon-list") => "list.create",
        (&Method::PATCH, "/v1/coupon-list/{coupon_list_id}") => "list.update",
        (&Method::PUT, "/v1/coupon-list/{coupon_list_id}/activate") => "list.activate",
        (&Method::PUT, "/v1/coupon-list/{coupon_list_id}/archive") => "list.archive",
        (
            &Method::POST,
            "/v1/coupon-list/{coupon_list_id}/files" | "/v1/coupon-list/{coupon_list_id}/files/upload",
        ) => "file.upload",
        (&Method::DELETE, "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}") => "file.delete",
        (&Method::PUT, "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine") => {
            "file.quarantine"
        }
        (&Method::PUT, "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/resume") => "file.resume",
        (&Method::POST, "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue") => "file.reissue",
        (&Method::POST, "/v1/coupon-list/{coupon_list_id}/usage-report") => "usage-report.request",
        (&Method::POST, "/v1/coupon-list/{coupon_list_id}/codes/{code}/redeem") => "code.redeem",
        (&Method::POST, "/v1/coupon-list/{coupon_list_id}/codes/{code}/disable") => "code.disable",
        (&Method::GET, "/v1/coupon-list/{coupon_list_id}/codes/export") => "codes.export",
        (&Method::POST, "/v1/coupon-list/{coupon_list_id}/pull-tokens") => "pull-token.create",
        (&Method::DELETE, "/v1/coupon-list/{coupon_list_id}/pull-tokens/{token_id}") => "pull-token.revoke",
        (&Method::DELETE, "/v1/usage-report/{report_id}") => "usage-report.delete",
        (&Method::POST, "/v1/link-key") => "link-key.replace",
        (&Method::POST, "/v1/webhook-secret") => "webhook-secret.replace",
        (&Method::DELETE, "/v1/users/{user_id}") => "user.erase",
        _ => return None,
    })
}
