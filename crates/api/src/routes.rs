//! Every endpoint, one line each: method, path, handler; whether it is one of the MoEngage API, and in which words that
//! refuses credentials; what limits it; what the audit log calls it. The document has them in this order.
//!
//! Hand-outs, confirmations and what is given back are not in the audit log: of those the ledger is the record.

use actix_web::web::{self, ServiceConfig, get, resource};

use crate::{
    allocations, audit, bulk_actions, codes, docs, error::ApiError, files, health, link_key, lists,
    pull_tokens, stock, table, usage_reports, users, webhook_secret,
};

#[rustfmt::skip]
table::endpoints! {
    POST "/v1/coupon-list" => lists::create::create, documented Please, limit CreateList, audit "list.create";
    GET "/v1/coupon-list" => lists::fetch_all::fetch_all, documented Plain, limit FetchLists;
    GET "/v1/coupon-list/{coupon_list_id}" => lists::fetch::fetch, documented Plain, limit FetchList;
    PATCH "/v1/coupon-list/{coupon_list_id}" => lists::update::update, documented Plain, limit UpdateList, audit "list.update";
    PUT "/v1/coupon-list/{coupon_list_id}/activate" => lists::activate::activate, documented Plain, limit ActivateList, audit "list.activate";
    PUT "/v1/coupon-list/{coupon_list_id}/archive" => lists::archive::archive, documented Please, limit ArchiveList, audit "list.archive";
    POST "/v1/coupon-list/{coupon_list_id}/files" => files::upload::upload, documented Please, limit UploadFile, audit "file.upload";
    GET "/v1/coupon-list/{coupon_list_id}/files" => files::fetch_all::fetch_all, documented Please, limit FetchFiles;
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}" => files::fetch::fetch, documented Please, limit FetchFile;
    DELETE "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}" => files::delete::delete, documented Please, limit DeleteFile, audit "file.delete";
    POST "/v1/coupon-list/{coupon_list_id}/files/upload" => files::upload_by_hand::upload_by_hand, limit UploadFile, audit "file.upload";
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress" => files::progress::progress;
    PUT "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine" => files::quarantine::quarantine, audit "file.quarantine";
    PUT "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/resume" => files::quarantine::resume, audit "file.resume";
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/recipients" => files::recipients::recipients;
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/rejections" => files::rejections::rejections;
    POST "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue" => files::reissue::reissue, audit "file.reissue";
    POST "/v1/coupon-list/{coupon_list_id}/usage-report" => usage_reports::request::request, documented Please, limit UsageReport, audit "usage-report.request";
    GET "/v1/coupon-list/{coupon_list_id}/usage-report" => usage_reports::fetch_all::fetch_all;
    GET "/v1/usage-report/{report_id}" => usage_reports::fetch::fetch;
    DELETE "/v1/usage-report/{report_id}" => usage_reports::delete::delete, audit "usage-report.delete";
    GET "/v1/usage-report/{report_id}/download" => usage_reports::download::download;
    GET "/v1/webhook-secret" => webhook_secret::fetch::fetch;
    POST "/v1/webhook-secret" => webhook_secret::rotate::rotate, audit "webhook-secret.replace";
    POST "/v1/link-key" => link_key::rotate::rotate, audit "link-key.replace";
    POST "/v1/coupon-list/{coupon_list_id}/allocations" => allocations::allocate::allocate;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/batch" => allocations::batch::allocate_batch;
    GET "/v1/coupon-list/{coupon_list_id}/allocations" => allocations::fetch_all::fetch_all;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/confirm" => allocations::confirm::confirm;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/confirm" => allocations::confirm::confirm_many;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/release" => allocations::release::release;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/release" => allocations::release::release_many;
    GET "/v1/coupon-list/{coupon_list_id}/allocations/export" => allocations::export::export, audit "allocations.export";
    POST "/v1/coupon-list/{coupon_list_id}/bulk-actions" => bulk_actions::request::request, audit "bulk-action.request";
    GET "/v1/coupon-list/{coupon_list_id}/bulk-actions" => bulk_actions::fetch_all::fetch_all;
    GET "/v1/coupon-list/{coupon_list_id}/bulk-actions/{bulk_action_id}" => bulk_actions::fetch::fetch;
    GET "/v1/coupon-list/{coupon_list_id}/hand-outs" => stock::hand_outs::hand_outs;
    POST "/v1/coupon-list/{coupon_list_id}/pull-tokens" => pull_tokens::create::create, audit "pull-token.create";
    GET "/v1/coupon-list/{coupon_list_id}/pull-tokens" => pull_tokens::fetch_all::fetch_all;
    DELETE "/v1/coupon-list/{coupon_list_id}/pull-tokens/{token_id}" => pull_tokens::revoke::revoke, audit "pull-token.revoke";
    GET "/v1/pull/{token}" => pull_tokens::pull::pull;
    DELETE "/v1/users/{user_id}" => users::erase::erase, audit "user.erase";
    GET "/v1/coupon-list/{coupon_list_id}/codes/export" => codes::export::export, audit "codes.export";
    GET "/v1/coupon-list/{coupon_list_id}/codes/{code}" => codes::fetch::fetch;
    POST "/v1/coupon-list/{coupon_list_id}/codes/{code}/redeem" => codes::redeem::redeem, audit "code.redeem";
    POST "/v1/coupon-list/{coupon_list_id}/codes/{code}/disable" => codes::disable::disable, audit "code.disable";
    GET "/v1/codes/{code}" => codes::search::search;
    GET "/v1/coupon-list/{coupon_list_id}/stock" => stock::fetch::fetch;
    GET "/v1/coupon-list/{coupon_list_id}/forecast" => stock::forecast::forecast;
    POST "/v1/capacity-check" => stock::capacity_check::check_capacity;
    GET "/v1/audit-log" => audit::fetch_all::fetch_all;
    GET "/healthz" => health::healthz;
    GET "/readyz" => health::readyz;
}

pub(crate) fn configure(service: &mut ServiceConfig) {
    table::configure(service);
    for (path, route) in [
        ("/openapi.json", get().to(docs::document)),
        ("/docs", get().to(docs::to_page)),
        ("/docs/{file:.*}", get().to(docs::page)),
    ] {
        service.service(
            resource(path)
                .route(route)
                .default_service(table::only("GET".to_owned())),
        );
    }
    service.default_service(web::to(nowhere));
}

async fn nowhere() -> Result<&'static str, ApiError> {
    Err(ApiError::NotFound)
}
