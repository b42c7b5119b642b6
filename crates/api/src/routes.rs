//! Every path there is: first those of one list, then the others.

use std::future::ready;

use actix_web::{
    Route,
    web::{self, ServiceConfig, get, post, put, resource, scope},
};

use crate::{
    allocations, audit, codes, docs, error::ApiError, files, health, link_key, lists, pull_tokens, stock,
    usage_reports, users, webhook_secret,
};

/// actix asks one path after the other, by regular expressions where they have parameters: hence the scope, which is
/// asked once for all that is of a list, and in it first what has to be fast.
pub(crate) fn configure(service: &mut ServiceConfig) {
    let of_a_list = scope("/v1/coupon-list/{coupon_list_id}")
        .configure(allocations)
        .configure(codes)
        .configure(list)
        .configure(files);
    service.service(of_a_list);
    of_the_workspace(service);
    about(service);
    service.default_service(web::to(nowhere));
}

fn allocations(service: &mut ServiceConfig) {
    service
        .service(
            resource("/allocations")
                .route(post().to(allocations::allocate))
                .route(get().to(allocations::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            resource("/allocations/batch")
                .route(post().to(allocations::allocate_batch))
                .default_service(only("POST")),
        )
        .service(
            resource("/allocations/confirm")
                .route(post().to(allocations::confirm_many))
                .default_service(only("POST")),
        )
        .service(
            resource("/allocations/release")
                .route(post().to(allocations::release_many))
                .default_service(only("POST")),
        )
        .service(
            resource("/allocations/{allocation_id}/confirm")
                .route(post().to(allocations::confirm))
                .default_service(only("POST")),
        )
        .service(
            resource("/allocations/{allocation_id}/release")
                .route(post().to(allocations::release))
                .default_service(only("POST")),
        )
        .service(
            resource("/pull-tokens")
                .route(get().to(pull_tokens::fetch_all))
                .route(post().to(pull_tokens::create))
                .default_service(only("GET, POST")),
        )
        .service(
            resource("/pull-tokens/{token_id}")
                .route(web::delete().to(pull_tokens::revoke))
                .default_service(only("DELETE")),
        );
}

fn codes(service: &mut ServiceConfig) {
    service
        .service(
            // Before the codes: a code that is called so is found in the whole workspace only.
            resource("/codes/export")
                .route(get().to(codes::export))
                .default_service(only("GET")),
        )
        .service(
            resource("/codes/{code}")
                .route(get().to(codes::fetch))
                .default_service(only("GET")),
        )
        .service(
            resource("/codes/{code}/redeem")
                .route(post().to(codes::redeem))
                .default_service(only("POST")),
        )
        .service(
            resource("/codes/{code}/disable")
                .route(post().to(codes::disable))
                .default_service(only("POST")),
        )
        .service(
            resource("/stock")
                .route(get().to(stock::fetch))
                .default_service(only("GET")),
        )
        .service(
            resource("/forecast")
                .route(get().to(stock::forecast))
                .default_service(only("GET")),
        );
}

fn list(service: &mut ServiceConfig) {
    service
        .service(
            resource("")
                .route(get().to(lists::fetch))
                .route(web::patch().to(lists::update))
                .default_service(only("GET, PATCH")),
        )
        .service(
            resource("/activate")
                .route(put().to(lists::activate))
                .default_service(only("PUT")),
        )
        .service(
            resource("/archive")
                .route(put().to(lists::archive))
                .default_service(only("PUT")),
        )
        .service(
            resource("/usage-report")
                .route(post().to(usage_reports::request))
                .route(get().to(usage_reports::fetch_all))
                .default_service(only("GET, POST")),
        );
}

fn files(service: &mut ServiceConfig) {
    service
        .service(
            resource("/files")
                .route(post().to(files::upload))
                .route(get().to(files::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            // Before the file ids: an id is never called so.
            resource("/files/upload")
                .route(post().to(files::upload_by_hand))
                .default_service(only("POST")),
        )
        .service(
            resource("/files/{coupon_file_id}")
                .route(get().to(files::fetch))
                .route(web::delete().to(files::delete))
                .default_service(only("GET, DELETE")),
        )
        .service(
            resource("/files/{coupon_file_id}/progress")
                .route(get().to(files::progress))
                .default_service(only("GET")),
        )
        .service(
            resource("/files/{coupon_file_id}/quarantine")
                .route(put().to(files::quarantine))
                .default_service(only("PUT")),
        )
        .service(
            resource("/files/{coupon_file_id}/resume")
                .route(put().to(files::resume))
                .default_service(only("PUT")),
        )
        .service(
            resource("/files/{coupon_file_id}/recipients")
                .route(get().to(files::recipients))
                .default_service(only("GET")),
        )
        .service(
            resource("/files/{coupon_file_id}/reissue")
                .route(post().to(files::reissue))
                .default_service(only("POST")),
        );
}

fn of_the_workspace(service: &mut ServiceConfig) {
    service
        .service(
            resource("/v1/coupon-list")
                .route(post().to(lists::create))
                .route(get().to(lists::fetch_all))
                .default_service(only("GET, POST")),
        )
        .service(
            resource("/v1/usage-report/{report_id}")
                .route(get().to(usage_reports::fetch))
                .route(web::delete().to(usage_reports::delete))
                .default_service(only("GET, DELETE")),
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
        )
        .service(
            resource("/v1/link-key")
                .route(post().to(link_key::rotate))
                .default_service(only("POST")),
        )
        .service(
            resource("/v1/pull/{token}")
                .route(get().to(pull_tokens::pull))
                .default_service(only("GET")),
        )
        .service(
            resource("/v1/users/{user_id}")
                .route(web::delete().to(users::erase))
                .default_service(only("DELETE")),
        )
        .service(
            resource("/v1/codes/{code}")
                .route(get().to(codes::search))
                .default_service(only("GET")),
        )
        .service(
            resource("/v1/capacity-check")
                .route(post().to(stock::check_capacity))
                .default_service(only("POST")),
        )
        .service(
            resource("/v1/audit-log")
                .route(get().to(audit::fetch_all))
                .default_service(only("GET")),
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
