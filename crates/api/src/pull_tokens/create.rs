//! `POST /v1/coupon-list/{coupon_list_id}/pull-tokens`

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::FreeText;

use super::shown::ShownToken;
use crate::{
    App,
    audit::Made,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::body,
    openapi::refusals::{Guarded, NamesList, ReadsBody},
    path::{List, ListPath},
};

body! {
    /// What the token answers; may be empty.
    #[schema(examples(json!({"fallback": "WELCOME10"})))]
    struct PullTokenBody {
        /// What is answered when the list is dry, archived or expired. An error if absent.
        #[schema(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
        fallback: Option<String>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/pull-tokens",
    operation_id = "createPullToken",
    tag = "Pull",
    summary = "Create a pull token",
    description = "For senders that can only fetch a URL while they render a message.",
    params(ListPath),
    request_body = PullTokenBody,
    responses(
        (status = 201, description = "The token.", body = ShownToken),
        (status = 400, description = "`invalid-request`", body = Envelope),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn create(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let fields = body.object_or_empty(BODY_BYTES).await?;
    let said: PullTokenBody = fields.strict()?;
    let fallback = said.fallback.get()?.map(FreeText::new).transpose();
    let fallback = fallback.map_err(|error| said.fallback.wrong(error))?;
    let token = app
        .storage
        .create_pull_token(&list.0, fallback.as_ref().map(FreeText::as_str))
        .await?;
    request.extensions_mut().insert(Made(token.public_id));
    let key = app.storage.link_key(&list.0).await?;
    Ok(HttpResponse::Created().json(ShownToken::new(token, &key, &app.public_url)))
}
