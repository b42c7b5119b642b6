//! Is the process alive, and should it get requests.

use std::time::Duration;

use actix_web::{HttpResponse, rt::time::timeout, web};
use serde::Serialize;

use crate::{App, error::ApiError};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// The process answers: restart it when this does not.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// The database answers, its schema is there, and no stop was asked for.
pub(crate) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    const PATIENCE: Duration = Duration::from_secs(2);

    if !app.readiness.is_ready() {
        return Err(ApiError::Unavailable);
    }
    timeout(PATIENCE, app.storage.ping())
        .await
        .map_err(|_| ApiError::Unavailable)??;
    Ok(HttpResponse::Ok().json(Health { status: "ready" }))
}
