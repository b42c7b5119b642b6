//! `GET /v1/pull/{token}`: a code for whoever renders a message and can only fetch a URL.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{Accept, CACHE_CONTROL, Header as _, HeaderValue, Quality},
    mime::Mime,
    web,
};
use domain::{Campaign, is_pull_token_made_here, is_pull_token_signed, read_pull_token};
use serde::Serialize;
use storage::{AllocationRequest, LinkedToken, Shortage};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    allocations::shown::{Served, ShownAllocation, served},
    authentication::in_time,
    error::{ApiError, Envelope},
    openapi::refusals::{AsksDatabase, HandsOut, NamesThing},
    parameters,
    query::query,
};

/// What a preview shows instead of a code.
const PLACEHOLDER: &str = "PREVIEW-CODE";

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
struct PullPath {
    token: String,
}

query! {
    struct PullParameters {
        /// Required, but for a preview.
        user_id: Option<String>,
        campaign_id: Option<String>,
        /// The request key; if absent, campaign and user are, or the user.
        request_id: Option<String>,
        /// `1`: a placeholder is answered and nothing is taken.
        preview: Option<String>,
    }
}

/// A code, or what stands for one.
#[derive(Serialize, ToSchema)]
#[schema(as = PulledCode)]
#[serde(untagged)]
enum Pulled {
    Code(Box<ShownAllocation>),
    Instead(Instead),
}

/// No code was taken.
#[derive(Serialize, ToSchema)]
struct Instead {
    coupon_code: String,
    /// `true` for a token's fallback, and then why.
    fallback: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    reason: Option<&'static str>,
    preview: bool,
}

#[utoipa::path(
    get,
    path = "/v1/pull/{token}",
    operation_id = "pullCode",
    tag = "Pull",
    summary = "Pull a code",
    description = "The same as an allocation, as a GET that needs no credentials. Plain text for `Accept: text/plain`. \
        Where the list is dry, archived or expired the token's fallback is answered, told apart by `fallback` in JSON.",
    params(PullPath, PullParameters),
    responses(
        (status = 200, description = "A code, new or taken before by the same request key.", content(
            (Pulled = "application/json"),
            (String = "text/plain"),
        )),
        (status = 400, description = "`bad-request` or `missing-mandatory-attributes`.", body = Envelope),
        NamesThing,
        AsksDatabase,
        HandsOut,
    ),
)]
/// Whatever is answered, a refusal too, is nobody's to keep: caches may keep a 404 unless they are told not to.
pub(crate) async fn pull(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let mut answer = pulled(&app, &request)
        .await
        .unwrap_or_else(HttpResponse::from_error);
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

async fn pulled(app: &App, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    app.shield.admit(request)?;
    parameters::refuse_unknown(request)?;
    let token = in_time(linked(app, request)).await?;
    let asked = PullParameters::of(request.query_string());
    if asked.is_preview()? {
        return Ok(answer(request, PLACEHOLDER.to_owned(), |coupon_code| {
            Pulled::Instead(Instead {
                coupon_code,
                fallback: false,
                reason: None,
                preview: true,
            })
        }));
    }
    let asked = asked.request()?;
    let outcomes = app
        .allocator
        .allocate(&token.list, vec![asked.clone()], Shortage::Partial)
        .await?;
    let outcome = outcomes.into_iter().next().ok_or(ApiError::BUSY)?;
    match (served(&token.list, asked, outcome), token.fallback) {
        (Ok(Served::New(allocation) | Served::Repeat(allocation)), _) => {
            let code = allocation.code().to_owned();
            Ok(answer(request, code, |_| Pulled::Code(Box::new(allocation))))
        }
        (Err(error @ (ApiError::CouponsExhausted | ApiError::ListNotActive)), Some(fallback)) => {
            Ok(answer(request, fallback, |coupon_code| {
                Pulled::Instead(Instead {
                    coupon_code,
                    fallback: true,
                    reason: Some(error.kind().1),
                    preview: false,
                })
            }))
        }
        (Err(error), _) => Err(error),
    }
}

/// A token that is malformed, unknown, wrongly signed or revoked opens nothing, all in the same way.
async fn linked(app: &App, request: &HttpRequest) -> Result<LinkedToken, ApiError> {
    let text = request.match_info().get("token").unwrap_or_default();
    let (id, signature) = read_pull_token(text).ok_or(ApiError::NotFound)?;
    if !is_pull_token_made_here(id, signature, app.storage.link_seal().await?) {
        return Err(app.shield.refusal_of_a_guess(request));
    }
    let _turn = app.shield.turn(request, text).await?;
    app.shield.admit_unknown(request, text)?;
    let token = app.storage.linked_token(id).await?;
    let Some(token) = token.filter(|token| is_pull_token_signed(id, signature, &token.key)) else {
        return Err(app.shield.refusal_of_a_guess(request));
    };
    app.shield.learn(text);
    Ok(token)
}

impl PullParameters {
    fn is_preview(&self) -> Result<bool, ApiError> {
        match self.preview.text()? {
            None | Some("" | "0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(self.preview.wrong("must be 1 or 0")),
        }
    }

    fn request(&self) -> Result<AllocationRequest, ApiError> {
        let campaign = self.campaign_id.id()?.map(Campaign::called);
        Ok(AllocationRequest {
            user_id: self.user_id.id()?.ok_or(ApiError::MissingKey(Some("user_id")))?,
            request_id: self.request_id.id()?,
            campaign: campaign.map(Arc::new),
            hold_seconds: None,
        })
    }
}

/// As text where the client prefers it: a template engine puts the whole answer into its message.
fn answer(request: &HttpRequest, code: String, json: impl FnOnce(String) -> Pulled) -> HttpResponse {
    if prefers_text(request) {
        HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(code)
    } else {
        HttpResponse::Ok().json(json(code))
    }
}

/// By its quality values; of two that are equal, what stands first. Whoever names neither gets JSON.
fn prefers_text(request: &HttpRequest) -> bool {
    let Ok(mut accept) = Accept::parse(request) else {
        return false;
    };
    accept.retain(|item| item.quality > Quality::ZERO);
    let ranked = accept.ranked();
    let mut known = ranked
        .iter()
        .map(Mime::essence_str)
        .filter(|kind| matches!(*kind, "text/plain" | "application/json"));
    known.next() == Some("text/plain")
}
