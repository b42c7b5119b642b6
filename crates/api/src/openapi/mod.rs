//! The API's description for machines: an OpenAPI document made from the handlers.
//!
//! A new endpoint needs a `#[utoipa::path]` above its handler and a line in `routes.rs`.

pub(crate) mod refusals;
pub(crate) mod texts;

use std::sync::LazyLock;

use actix_web::http::Method;
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    error::Envelope,
    routes::{ENDPOINTS, Operations},
    table::Endpoint,
};

/// All but the operations, which are those of `routes.rs`.
#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(Envelope)),
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
    judged in this order: path (404), method (405), credentials (401), the key's rights (403), limits (429), names of parameters (400), ids \
    (404), body (413, 415, 400). An id that is malformed, unknown or another workspace's gets the same 404. Times in \
    answers are UTC.";

const CREDENTIALS: &str = "The workspace's id and API key. The header `MOE-APPKEY`, if sent, must be the workspace's id. Each operation names the \
     role that the key needs: `read`, `allocate`, which may all that `read` may, or `manage`, which may everything. Where it \
     names `all-lists` too, a key that is for certain lists only must not ask; elsewhere other lists are, for such a key, not \
     there.";

/// What operations refer to and no handler says.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.responses.extend(refusals::components());
        let mut basic = Http::new(HttpAuthScheme::Basic);
        basic.description = Some(CREDENTIALS.to_owned());
        components.add_security_scheme("basicAuth", SecurityScheme::Http(basic));
        for endpoint in ENDPOINTS {
            let Some(operation) = operation_mut(document, endpoint) else {
                continue;
            };
            if endpoint.documented.is_none() {
                refusals::add_unknown_name(operation);
            }
            refusals::add_forbidden(operation, endpoint);
            operation.security = Some(vec![security(endpoint)]);
        }
    }
}

/// The roles that a key must have, where OpenAPI has a place for them.
fn security(endpoint: &Endpoint) -> SecurityRequirement {
    let Some(role) = endpoint.needs else {
        return SecurityRequirement::default();
    };
    let roles = [Some(role.as_str()), endpoint.of_all_lists.then_some("all-lists")];
    SecurityRequirement::new("basicAuth", roles.into_iter().flatten())
}

/// The document as it is made from the handlers.
pub(crate) fn document() -> OpenApi {
    let mut document = Document::openapi();
    document.merge(Operations::openapi());
    Shared.modify(&mut document);
    document
}

/// What the document says of an endpoint.
pub(crate) fn operation_mut<'d>(document: &'d mut OpenApi, endpoint: &Endpoint) -> Option<&'d mut Operation> {
    let item = document.paths.paths.get_mut(endpoint.path)?;
    match endpoint.method {
        Method::GET => item.get.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        _ => None,
    }
}

/// The document, as `/openapi.json`, `couponry openapi` and `docs/openapi.json` have it.
pub fn openapi() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        // Nothing in a document has a reason not to be JSON.
        let text = document().to_pretty_json().unwrap_or_default();
        text + "\n"
    });
    &TEXT
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

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

    #[test]
    fn every_endpoint_is_described_once() {
        let mut document = document();
        let mut described = BTreeSet::new();
        for endpoint in ENDPOINTS {
            assert!(
                operation_mut(&mut document, endpoint).is_some(),
                "{}",
                endpoint.path
            );
            assert!(
                described.insert((endpoint.method.as_str(), endpoint.path)),
                "{}",
                endpoint.path
            );
        }
        let paths: BTreeSet<&str> = described.iter().map(|(_, path)| *path).collect();
        assert_eq!(paths.len(), document.paths.paths.len());
    }

    #[test]
    fn operations_have_ids_of_their_own_and_known_tags() {
        let document = document();
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
