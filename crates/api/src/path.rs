//! What the path names: judged after the credentials and before the body.

use std::{borrow::Cow, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use domain::PublicId;
use futures_util::future::LocalBoxFuture;
use storage::ListRef;
use utoipa::IntoParams;

use crate::{App, authentication::authenticate, error::ApiError};

/// The list of the path, which belongs to the workspace of the credentials. An id that is malformed, names nothing or
/// belongs to someone else gets the same answer.
pub(crate) struct List(pub(crate) Arc<ListRef>);

impl FromRequest for List {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { find_list(&request).await.map(Self) })
    }
}

async fn find_list(request: &HttpRequest) -> Result<Arc<ListRef>, ApiError> {
    let workspace = authenticate(request).await?;
    let app = request.app_data::<web::Data<App>>().ok_or(ApiError::BUSY)?;
    let id = id_in_path(request, "coupon_list_id").ok_or(ApiError::ListNotFound)?;
    app.storage
        .find_list(&workspace, id)
        .await?
        .ok_or(ApiError::ListNotFound)
}

/// The path as the document tells it. The ids have no pattern there: a malformed id is one that names nothing, not a bad
/// request.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct ListPath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct ReportPath {
    /// The report's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d07")]
    report_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct FilePath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
    /// The file's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d06")]
    coupon_file_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct AllocationPath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
    /// The allocation's `_id`, 48 lower-case hex digits.
    #[param(example = "00000000000000070000002a00000000c3a1f0925be7764d")]
    allocation_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct CodePath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
    /// The code, percent-encoded where a path needs it.
    #[param(example = "BF20-WERT-NBVC")]
    code: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct TokenPath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
    /// The token's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d08")]
    token_id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document speaks of this type")]
pub(crate) struct BulkActionPath {
    /// The list's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d05")]
    coupon_list_id: String,
    /// The action's `_id`, 24 lower-case hex digits.
    #[param(example = "6721d00eefc476c0f67e0d09")]
    bulk_action_id: String,
}

/// A text of the path, percent-encoding undone. actix leaves `%2F`, `%25` and `%2B` as they are, so that this cannot
/// undo anything twice.
pub(crate) fn text_in_path(request: &HttpRequest, name: &str) -> Result<String, ApiError> {
    let encoded = request.match_info().get(name).unwrap_or_default();
    percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| ApiError::NotFound)
}

/// The code of the path, trimmed as one of a file is; what can be no code is not found.
pub(crate) fn code_in_path(request: &HttpRequest) -> Result<String, ApiError> {
    let text = text_in_path(request, "code")?;
    match domain::check_code(text.as_bytes()) {
        Ok(code) => Ok(code.to_owned()),
        Err(_) => Err(ApiError::NotFound),
    }
}

/// The pull token's id in the path, which may or may not name a token of the list.
pub(crate) fn token_id(request: &HttpRequest) -> Result<PublicId, ApiError> {
    id_in_path(request, "token_id").ok_or(ApiError::NotFound)
}

/// The file id of the path, which may or may not name a file of the list.
pub(crate) fn file_id(request: &HttpRequest) -> Result<PublicId, ApiError> {
    id_in_path(request, "coupon_file_id").ok_or(ApiError::NotFound)
}

/// The report id of the path, which may or may not name a report of the workspace.
pub(crate) fn report_id(request: &HttpRequest) -> Result<PublicId, ApiError> {
    id_in_path(request, "report_id").ok_or(ApiError::NotFound)
}

/// The bulk action's id in the path, which may or may not name one of the list.
pub(crate) fn bulk_action_id(request: &HttpRequest) -> Result<PublicId, ApiError> {
    id_in_path(request, "bulk_action_id").ok_or(ApiError::NotFound)
}

fn id_in_path(request: &HttpRequest, name: &str) -> Option<PublicId> {
    request.match_info().get(name)?.parse().ok()
}
