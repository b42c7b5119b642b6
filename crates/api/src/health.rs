//! Is the process alive, and should it get requests.

use std::time::Duration;

use actix_web::{HttpResponse, rt::time::timeout, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, error::ApiError, openapi::refusals::AsksDatabase};

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(examples("ok", "ready", "paused"))]
    status: &'static str,
}

/// The process answers: restart it when this does not.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "Service",
    summary = "Does the process answer",
    description = "Restart it when this does not answer.",
    responses((status = 200, description = "It does.", body = Health)),
)]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// The database answers, its schema is there, and no stop was asked for.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "Service",
    summary = "Should the process get requests",
    description = "Whether the database answers, its schema is there, and no stop was asked for. `paused`: it should, but no new \
        code is handed out until an operator has looked at the database (`allocation-paused`).",
    responses((status = 200, description = "It should.", body = Health), AsksDatabase),
)]
pub(crate) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    const PATIENCE: Duration = Duration::from_secs(2);

    if !app.readiness.is_ready() {
        return Err(ApiError::BUSY);
    }
    let ask = async || {
        // Also where codes are handed out: those connections are others.
        let pings = async { tokio::try_join!(app.storage.ping(), app.allocator.ping()) };
        timeout(PATIENCE, pings).await.map_err(|_| ApiError::BUSY)??;
        Ok::<_, ApiError>(())
    };
    app.readiness.remembered(ask).await?;
    // Whoever has a code is answered, here as elsewhere: a balancer has nowhere better to go.
    let status = match app.allocator.paused() {
        Some(_) => "paused",
        None => "ready",
    };
    Ok(HttpResponse::Ok().json(Health { status }))
}
