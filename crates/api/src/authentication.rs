//! Who is asking: a handler that takes a [`Workspace`] cannot forget to check.

use std::time::{Duration, Instant};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::AUTHORIZATION, rt::time::timeout,
    web,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{KeyRole, WorkspaceId};
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    App,
    error::{ApiError, Wording},
    limits, parameters,
    table::endpoint_of,
};

/// How long a request may wait to be recognised, its turn among those that are not known included: whoever waits hears within
/// five seconds that the database gives no answer.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// What recognises a request by something else than a key, within the same time.
pub(crate) async fn in_time<T>(
    recognising: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let recognised = timeout(PATIENCE, recognising).await;
    recognised.map_err(|_| ApiError::BUSY)?
}

/// A workspace whose credentials came with the request.
pub(crate) struct Workspace(pub(crate) storage::Workspace);

impl FromRequest for Workspace {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authenticate(&request).await.map(Self) })
    }
}

/// The workspace that the request's credentials open, if it may ask (once more).
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<storage::Workspace, ApiError> {
    let refusal = || ApiError::Unauthenticated(wording(request));
    let app = request.app_data::<web::Data<App>>().ok_or(ApiError::BUSY)?;
    app.shield.admit(request)?;
    let (id, key) = credentials(request).ok_or_else(refusal)?;
    if request
        .headers()
        .get_all("moe-appkey")
        .any(|appkey| appkey.as_bytes() != id.as_str().as_bytes())
    {
        return Err(refusal());
    }
    let presented = (id.as_str(), key.expose_secret());
    let began = Instant::now();
    // Most are known: they cost one look into the shield's memory.
    let stranger = !app.shield.knows(&presented);
    let turn = if stranger {
        let turn = app.shield.turn(request, &presented).await?;
        app.shield.admit_unknown(request, id.as_str())?;
        turn
    } else {
        None
    };
    let judging = app
        .storage
        .authenticate(&id, &key, || app.shield.admit_unknown_key(request, &id));
    let workspace = timeout(PATIENCE.saturating_sub(began.elapsed()), judging)
        .await
        .map_err(|_| ApiError::BUSY)??
        .ok_or_else(|| {
            app.shield.wrong_key(request, &id);
            refusal()
        })?;
    if stranger {
        app.shield.learn(id.as_str());
        app.shield.learn(&presented);
    }
    drop(turn);
    check_rights(&workspace, request)?;
    limits::count(app, &workspace, request).await?;
    parameters::refuse_unknown(request)?;
    // For `workspace_of` and the audit log.
    request.extensions_mut().insert(workspace.clone());
    Ok(workspace)
}

/// Whether the key may ask for the request's endpoint. What it must not do is neither counted nor judged further.
fn check_rights(workspace: &storage::Workspace, request: &HttpRequest) -> Result<(), ApiError> {
    let endpoint = endpoint_of(request);
    // Whoever asks for credentials says in `routes.rs` what they must be good for.
    let needed = endpoint
        .and_then(|endpoint| endpoint.needs)
        .unwrap_or(KeyRole::Manage);
    if !workspace.key_may(needed) {
        return Err(ApiError::RoleTooSmall(needed));
    }
    let of_all_lists = endpoint.is_none_or(|endpoint| endpoint.of_all_lists);
    if of_all_lists && !workspace.has_all_lists() {
        return Err(ApiError::KeyOfSomeLists);
    }
    Ok(())
}

/// Whose credentials were found right.
pub(crate) fn workspace_of(request: &HttpRequest) -> Option<WorkspaceId> {
    let extensions = request.extensions();
    let workspace = extensions.get::<storage::Workspace>()?;
    Some(workspace.public_id.clone())
}

/// The workspace id and key of exactly one `Authorization: Basic` header.
fn credentials(request: &HttpRequest) -> Option<(WorkspaceId, SecretString)> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return None;
    };
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, key) = decoded.split_once(':')?;
    Some((WorkspaceId::new(id).ok()?, SecretString::from(key)))
}

/// The documentation words its 401 in two ways (row 38 of docs/MIGRATING.md); our own endpoints have the usual one.
fn wording(request: &HttpRequest) -> Wording {
    let documented = endpoint_of(request).and_then(|endpoint| endpoint.documented);
    documented.unwrap_or(Wording::Please)
}
