//! The API's description for machines: an OpenAPI document made from the handlers.
//!
//! A new endpoint needs a `#[utoipa::path]` above its handler and a line in [`Document`].

pub(crate) mod refusals;
pub(crate) mod texts;

use std::sync::LazyLock;

use actix_web::http::Method;
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi, PathItem,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    allocations, audit, codes, error::Envelope, files, health, link_key, lists, pull_tokens, stock,
    usage_reports, users, webhook_secret,
};

/// In the order of `routes.rs`.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        lists::create::create,
        lists::fetch_all::fetch_all,
        lists::fetch::fetch,
        lists::update::update,
        lists::activate::activate,
        lists::archive::archive,
        files::upload::upload,
        files::fetch_all::fetch_all,
        files::fetch::fetch,
        files::delete::delete,
        files::upload_by_hand::upload_by_hand,
        files::progress::progress,
        files::quarantine::quarantine,
        files::quarantine::resume,
        files::recipients::recipients,
        files::reissue::reissue,
        usage_reports::request::request,
        usage_reports::fetch_all::fetch_all,
        usage_reports::fetch::fetch,
        usage_reports::delete::delete,
        usage_reports::download::download,
        webhook_secret::fetch::fetch,
        webhook_secret::rotate::rotate,
        link_key::rotate::rotate,
        allocations::allocate::allocate,
        allocations::batch::allocate_batch,
        allocations::fetch_all::fetch_all,
        allocations::confirm::confirm,
        allocations::confirm::confirm_many,
        allocations::release::release,
        allocations::release::release_many,
        pull_tokens::create::create,
        pull_tokens::fetch_all::fetch_all,
        pull_tokens::revoke::revoke,
        pull_tokens::pull::pull,
        users::erase::erase,
        codes::export::export,
        codes::fetch::fetch,
        codes::redeem::redeem,
        codes::disable::disable,
        codes::search::search,
        stock::fetch::fetch,
        stock::forecast::forecast,
        stock::capacity_check::check_capacity,
        audit::fetch_all::fetch_all,
        health::healthz,
        health::readyz,
    ),
    components(schemas(Envelope)),
    modifiers(&Shared),
    security(("basicAuth" = [])),
    info(
        title = "couponry",
        description = ABOUT,
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Coupon Lists", description = "Lists hold codes, and end on a day."),
        (name = "Coupon Files", description = "Files bring codes into a list."),
        (name = "Reports", description = "What became of the codes."),
        (name = "Allocations", description = "Handing out codes. Beyond the MoEngage API."),
        (name = "Pull", description = "Codes for senders that can only fetch a URL. Beyond the MoEngage API."),
        (name = "Codes", description = "Single codes: look-up, redemption, export. Beyond the MoEngage API."),
        (name = "Stock", description = "Whether there is enough. Beyond the MoEngage API."),
        (name = "Service", description = "Is the service well. No credentials needed."),
    ),
)]
struct Document;

const ABOUT: &str = "Coupon lists as in the MoEngage Coupon Management API, and the handing out of their codes.\n\n\
    A body is a JSON object without repeated keys; a key that is `null` counts as absent. Keys and parameters that are \
    unknown are ignored by the eleven endpoints of the MoEngage API and refused (400) by all others. A request is \
    judged in this order: path (404), method (405), credentials (401), limits (429), names of parameters (400), ids \
    (404), body (413, 415, 400). An id that is malformed, unknown or another workspace's gets the same 404. Times in \
    answers are UTC.";

const CREDENTIALS: &str =
    "The workspace's id and API key. The header `MOE-APPKEY`, if sent, must be the workspace's id.";

/// The operations of the MoEngage API; all others are our own.
const DOCUMENTED: [&str; 11] = [
    "createCouponList",
    "fetchAllCouponLists",
    "fetchCouponList",
    "updateCouponList",
    "activateCouponList",
    "archiveCouponList",
    "uploadCouponFile",
    "fetchAllCouponFiles",
    "fetchCouponFile",
    "deleteCouponFile",
    "generateUsageReport",
];

/// A path's operations of our own.
pub(crate) fn ours(item: PathItem) -> Vec<(Method, Operation)> {
    let operations = [
        (Method::GET, item.get),
        (Method::PUT, item.put),
        (Method::POST, item.post),
        (Method::DELETE, item.delete),
        (Method::PATCH, item.patch),
    ];
    let there = operations
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation?)));
    there.filter(|(_, operation)| is_ours(operation)).collect()
}

fn is_ours(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    !DOCUMENTED.contains(&id)
}

/// What operations refer to and no handler says.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.responses.extend(refusals::components());
        let mut basic = Http::new(HttpAuthScheme::Basic);
        basic.description = Some(CREDENTIALS.to_owned());
        components.add_security_scheme("basicAuth", SecurityScheme::Http(basic));
        let items = document.paths.paths.values_mut();
        let operations =
            items.flat_map(|item| [&mut item.get, &mut item.put, &mut item.post, &mut item.delete]);
        for operation in operations.flatten().filter(|operation| is_ours(operation)) {
            refusals::add_unknown_name(operation);
        }
    }
}

/// The document as it is made from the handlers.
pub(crate) fn document() -> OpenApi {
    Document::openapi()
}

/// The document, as `/openapi.json`, `couponry openapi` and `docs/openapi.json` have it.
pub fn openapi() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        // Nothing in a document has a reason not to be JSON.
        let text = Document::openapi().to_pretty_json().unwrap_or_default();
        text + "\n"
    });
    &TEXT
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_committed_document_is_the_one_that_the_handlers_make() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let committed = fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == openapi(),
            "docs/openapi.json is not what the handlers say: refresh it with `make docs` and commit it"
        );
    }

    /// Documented elsewhere, or for people.
    const WITHOUT: [&str; 3] = ["/openapi.json", "/docs", "/docs/{file:.*}"];

    #[test]
    fn every_path_of_the_routes_is_described() {
        let routes = include_str!("../routes.rs");
        let of_a_list = "/v1/coupon-list/{coupon_list_id}";
        assert_eq!(
            routes.split("scope(\"").nth(1).unwrap().split('"').next(),
            Some(of_a_list)
        );
        // The functions that the scope is made of come before the others.
        let (within, outside) = routes.split_once("fn of_the_workspace").unwrap();
        let paths = |part: &'static str| {
            part.split("resource(\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
        };
        let within = paths(within).map(|path| format!("{of_a_list}{path}"));
        let served: BTreeSet<String> = within
            .chain(paths(outside).map(str::to_owned))
            .filter(|path| !WITHOUT.contains(&path.as_str()))
            .collect();
        let document: Value = serde_json::from_str(openapi()).unwrap();
        let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, served);
    }

    #[test]
    fn operations_have_ids_of_their_own_and_known_tags() {
        let document = Document::openapi();
        let tags: Vec<_> = document.tags.iter().flatten().map(|tag| &tag.name).collect();
        let mut ids = BTreeSet::new();
        for (path, item) in &document.paths.paths {
            let operations = [&item.get, &item.put, &item.post, &item.delete, &item.patch];
            for operation in operations.into_iter().flatten() {
                assert!(ids.insert(&operation.operation_id), "{path}");
                let named: Vec<_> = operation.tags.iter().flatten().collect();
                assert!(named.len() == 1 && tags.contains(&named[0]), "{path}: {named:?}");
            }
        }
    }
}
