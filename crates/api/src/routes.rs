//! Every endpoint, one line each: method, path, handler; what a key needs for it; whether it is one of the MoEngage API, and
//! in which words that refuses credentials; what limits it; what the audit log calls it. The document has them in this order.
//!
//! A key may read whatever is shown, but for what is as good as codes (unused ones, pull tokens), secrets, and who did what.
//! `of all lists` is what cannot be done for some of a workspace's lists only.
//!
//! Hand-outs, confirmations and what is given back are not in the audit log: of those the ledger is the record.

use actix_web::web::{self, ServiceConfig, get, resource};

use crate::{
    allocations, audit, bulk_actions, codes, docs, error::ApiError, exposition, files, health, link_key,
    lists, pull_tokens, stock, table, usage_reports, users, webhook_secret,
};

#[rustfmt::skip]
table::endpoints! {
    POST "/v1/coupon-list" => lists::create::create, needs Manage of all lists, documented Please, limit CreateList, audit "list.create";
    GET "/v1/coupon-list" => lists::fetch_all::fetch_all, needs Read, documented Plain, limit FetchLists;
    GET "/v1/coupon-list/{coupon_list_id}" => lists::fetch::fetch, needs Read, documented Plain, limit FetchList;
    PATCH "/v1/coupon-list/{coupon_list_id}" => lists::update::update, needs Manage, documented Plain, limit UpdateList, audit "list.update";
    PUT "/v1/coupon-list/{coupon_list_id}/activate" => lists::activate::activate, needs Manage, documented Plain, limit ActivateList, audit "list.activate";
    PUT "/v1/coupon-list/{coupon_list_id}/archive" => lists::archive::archive, needs Manage, documented Please, limit ArchiveList, audit "list.archive";
    POST "/v1/coupon-list/{coupon_list_id}/files" => files::upload::upload, needs Manage, documented Please, limit UploadFile, audit "file.upload";
    GET "/v1/coupon-list/{coupon_list_id}/files" => files::fetch_all::fetch_all, needs Read, documented Please, limit FetchFiles;
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}" => files::fetch::fetch, needs Read, documented Please, limit FetchFile;
    DELETE "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}" => files::delete::delete, needs Manage, documented Please, limit DeleteFile, audit "file.delete";
    POST "/v1/coupon-list/{coupon_list_id}/files/upload" => files::upload_by_hand::upload_by_hand, needs Manage, limit UploadFile, audit "file.upload";
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/progress" => files::progress::progress, needs Read;
    PUT "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/quarantine" => files::quarantine::quarantine, needs Manage, audit "file.quarantine";
    PUT "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/resume" => files::quarantine::resume, needs Manage, audit "file.resume";
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/recipients" => files::recipients::recipients, needs Read;
    GET "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/rejections" => files::rejections::rejections, needs Read;
    POST "/v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/reissue" => files::reissue::reissue, needs Manage, audit "file.reissue";
    POST "/v1/coupon-list/{coupon_list_id}/usage-report" => usage_reports::request::request, needs Manage, documented Please, limit UsageReport, audit "usage-report.request";
    GET "/v1/coupon-list/{coupon_list_id}/usage-report" => usage_reports::fetch_all::fetch_all, needs Read;
    GET "/v1/usage-report/{report_id}" => usage_reports::fetch::fetch, needs Read;
    DELETE "/v1/usage-report/{report_id}" => usage_reports::delete::delete, needs Manage, audit "usage-report.delete";
    GET "/v1/usage-report/{report_id}/download" => usage_reports::download::download, needs Read;
    GET "/v1/webhook-secret" => webhook_secret::fetch::fetch, needs Manage of all lists;
    POST "/v1/webhook-secret" => webhook_secret::rotate::rotate, needs Manage of all lists, audit "webhook-secret.replace";
    POST "/v1/link-key" => link_key::rotate::rotate, needs Manage of all lists, audit "link-key.replace";
    POST "/v1/coupon-list/{coupon_list_id}/allocations" => allocations::allocate::allocate, needs Allocate;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/batch" => allocations::batch::allocate_batch, needs Allocate;
    GET "/v1/coupon-list/{coupon_list_id}/allocations" => allocations::fetch_all::fetch_all, needs Read;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/confirm" => allocations::confirm::confirm, needs Allocate;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/confirm" => allocations::confirm::confirm_many, needs Allocate;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/{allocation_id}/release" => allocations::release::release, needs Allocate;
    POST "/v1/coupon-list/{coupon_list_id}/allocations/release" => allocations::release::release_many, needs Allocate;
    GET "/v1/coupon-list/{coupon_list_id}/allocations/export" => allocations::export::export, needs Read, audit "allocations.export";
    POST "/v1/coupon-list/{coupon_list_id}/bulk-actions" => bulk_actions::request::request, needs Manage, audit "bulk-action.request";
    GET "/v1/coupon-list/{coupon_list_id}/bulk-actions" => bulk_actions::fetch_all::fetch_all, needs Read;
    GET "/v1/coupon-list/{coupon_list_id}/bulk-actions/{bulk_action_id}" => bulk_actions::fetch::fetch, needs Read;
    GET "/v1/coupon-list/{coupon_list_id}/hand-outs" => stock::hand_outs::hand_outs, needs Read;
    POST "/v1/coupon-list/{coupon_list_id}/pull-tokens" => pull_tokens::create::create, needs Manage, audit "pull-token.create";
    GET "/v1/coupon-list/{coupon_list_id}/pull-tokens" => pull_tokens::fetch_all::fetch_all, needs Manage;
    DELETE "/v1/coupon-list/{coupon_list_id}/pull-tokens/{token_id}" => pull_tokens::revoke::revoke, needs Manage, audit "pull-token.revoke";
    GET "/v1/pull/{token}" => pull_tokens::pull::pull, needs Nothing;
    DELETE "/v1/users/{user_id}" => users::erase::erase, needs Manage of all lists, audit "user.erase";
    GET "/v1/coupon-list/{coupon_list_id}/codes/export" => codes::export::export, needs Manage, audit "codes.export";
    GET "/v1/coupon-list/{coupon_list_id}/codes/{code}" => codes::fetch::fetch, needs Read;
    POST "/v1/coupon-list/{coupon_list_id}/codes/{code}/redeem" => codes::redeem::redeem, needs Allocate, audit "code.redeem";
    POST "/v1/coupon-list/{coupon_list_id}/codes/{code}/disable" => codes::disable::disable, needs Manage, audit "code.disable";
    GET "/v1/codes/{code}" => codes::search::search, needs Read;
    GET "/v1/coupon-list/{coupon_list_id}/stock" => stock::fetch::fetch, needs Read;
    GET "/v1/coupon-list/{coupon_list_id}/forecast" => stock::forecast::forecast, needs Read;
    POST "/v1/capacity-check" => stock::capacity_check::check_capacity, needs Read;
    GET "/v1/audit-log" => audit::fetch_all::fetch_all, needs Manage of all lists;
    GET "/healthz" => health::healthz, needs Nothing;
    GET "/readyz" => health::readyz, needs Nothing;
}

pub(crate) fn configure(service: &mut ServiceConfig) {
    table::configure(service);
    for (path, route) in [
        ("/metrics", get().to(exposition::of_this_machine)),
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
