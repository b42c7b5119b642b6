//! Is the process alive, and should it get requests: asked on the API's address, and on that of the metrics.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::{HttpResponse, rt::time::timeout, web};
use serde::Serialize;
use storage::{Allocator, Storage};
use utoipa::ToSchema;

use crate::{Readiness, error::ApiError, openapi::refusals::AsksDatabase};

/// What `/readyz` looks at.
#[derive(Clone)]
pub struct Probed {
    pub readiness: Arc<Readiness>,
    pub storage: Storage,
    /// Of a process that hands out codes.
    pub allocator: Option<Allocator>,
}

impl fmt::Debug for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probed").finish_non_exhaustive()
    }
}

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
pub(crate) async fn readyz(probed: web::Data<Probed>) -> Result<HttpResponse, ApiError> {
    const PATIENCE: Duration = Duration::from_secs(2);

    if !probed.readiness.is_ready() {
        return Err(ApiError::BUSY);
    }
    let ask = async || {
        // Also where codes are handed out: those connections are others.
        let hands_out = async {
            match &probed.allocator {
                Some(allocator) => allocator.ping().await,
                None => Ok(()),
            }
        };
        let pings = async { tokio::try_join!(probed.storage.ping(), hands_out) };
        timeout(PATIENCE, pings).await.map_err(|_| ApiError::BUSY)??;
        Ok::<_, ApiError>(())
    };
    probed.readiness.remembered(ask).await?;
    // Whoever has a code is answered, here as elsewhere: a balancer has nowhere better to go.
    let status = match probed.allocator.as_ref().and_then(Allocator::paused) {
        Some(_) => "paused",
        None => "ready",
    };
    Ok(HttpResponse::Ok().json(Health { status }))
}
