//! Every path there is.

use std::future::ready;

use actix_web::{
    Route,
    web::{self, ServiceConfig, get, post, put, resource},
};

use crate::{allocations, docs, error::ApiError, files, health, lists, usage_reports, webhook_secret};

pub(crate) fn configure(service: &mut ServiceConfig) {
    lists(service);
    files(service);
    reports(service);
    allocations(service);
    about(service);
    service.default_service(web::to(nowhere));
}

fn lists(service: &mut ServiceConfig) {
    service
        .service(
            resource("/v1/coupon-list")
                .route(post().to(lists::create))
                .route(get().to(lists::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}")
                .route(get().to(lists::fetch))
                .route(web::patch().to(lists::update))
                .default_service(only("GET, PATCH")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/activate")
                .route(put().to(lists::activate))
                .default_service(only("PUT")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/archive")
                .route(put().to(lists::archive))
                .default_service(only("PUT")),
        );
}

fn files(service: &mut ServiceConfig) {
    service
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/files")
                .route(post().to(files::upload))
                .route(get().to(files::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            // Before the file ids: an id is never called so.
            resource("/v1/coupon-list/{coupon_list_id}/files/upload")
                .route(post().to(files::upload_by_hand))
                .default_service(only("POST")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}")
                .route(get().to(files::fetch))
                .route(web::delete().to(files::delete))
                .default_service(only("GET, DELETE")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress")
                .route(get().to(files::progress))
                .default_service(only("GET")),
        );
}

fn reports(service: &mut ServiceConfig) {
    service
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/usage-report")
                .route(post().to(usage_reports::request))
                .route(get().to(usage_reports::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            resource("/v1/usage-report/{report_id}")
                .route(get().to(usage_reports::fetch))
                .default_service(only("GET")),
        )
        .service(
            resource("/v1/usage-report/{report_id}/download")
                .route(get().to(usage_reports::download))
                .default_service(only("GET")),
        )
        .service(
            resource("/v1/webhook-secret")
                .route(get().to(webhook_secret::fetch))
                .route(post().to(webhook_secret::rotate))
                .default_service(only("GET, POST")),
        );
}

fn allocations(service: &mut ServiceConfig) {
    service
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/allocations")
                .route(post().to(allocations::allocate))
                .default_service(only("POST")),
        )
        .service(
            resource("/v1/coupon-list/{coupon_list_id}/allocations/batch")
                .route(post().to(allocations::allocate_batch))
                .default_service(only("POST")),
        );
}

fn about(service: &mut ServiceConfig) {
    service
        .service(
            resource("/healthz")
                .route(get().to(health::healthz))
                .default_service(only("GET")),
        )
        .service(
            resource("/readyz")
                .route(get().to(health::readyz))
                .default_service(only("GET")),
        )
        .service(
            resource("/openapi.json")
                .route(get().to(docs::document))
                .default_service(only("GET")),
        )
        .service(
            resource("/docs")
                .route(get().to(docs::to_page))
                .default_service(only("GET")),
        )
        .service(
            resource("/docs/{file:.*}")
                .route(get().to(docs::page))
                .default_service(only("GET")),
        );
}

/// Any other method on a path that exists.
fn only(allow: &'static str) -> Route {
    web::to(move || ready(Err::<&str, _>(ApiError::MethodNotAllowed(allow))))
}

async fn nowhere() -> Result<&'static str, ApiError> {
    Err(ApiError::NotFound)
}
