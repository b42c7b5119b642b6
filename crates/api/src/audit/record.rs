//! Noting a call once it has succeeded.

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    rt, web,
};
use storage::{Spent, Workspace};
use tracing::{Instrument as _, Span, error};

use super::Made;
use crate::{App, error::ApiError, table::endpoint_of};

/// One row for each changing call, after it was carried out and before it is answered. The call is a task of its own:
/// a client that hangs up drops the answer, but neither the call nor its row. A row that cannot be written is an error
/// in the log; the call stands, since it cannot be taken back.
pub(crate) async fn record<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(action) = endpoint_of(request.request()).and_then(|endpoint| endpoint.action) else {
        return next.call(request).await;
    };
    let call = async move {
        let response = next.call(request).await?;
        if response.status().is_success() {
            note(&response, action).await;
        }
        Ok(response)
    };
    let call = Spent::by(call.instrument(Span::current()));
    let (response, spent) = rt::spawn(call).await.map_err(|_| ApiError::BUSY)?;
    spent.charge();
    response
}

async fn note<B>(response: &ServiceResponse<B>, action: &'static str) {
    let request = response.request();
    let workspace = request.extensions().get::<Workspace>().cloned();
    let made = request.extensions().get::<Made>().map(|made| made.0.to_string());
    let (Some(app), Some(workspace)) = (request.app_data::<web::Data<App>>(), workspace) else {
        return;
    };
    let in_path = |name| request.match_info().get(name).map(str::to_owned);
    // A list that was made is what its entry is about, as in the entries that follow.
    let (list, made) = match in_path("coupon_list_id") {
        None if action == "list.create" => (made, None),
        list => (list, made),
    };
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
