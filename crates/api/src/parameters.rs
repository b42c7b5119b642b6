//! The names in a request's query, on the endpoints of our own: one that is misnamed would be read over, and something
//! else be done than was asked for.

use std::{collections::HashMap, sync::LazyLock};

use actix_web::{HttpRequest, http::Method};
use url::form_urlencoded;
use utoipa::openapi::{
    RefOr,
    path::{Parameter, ParameterIn},
};

use crate::{error::ApiError, names, openapi, routes::ENDPOINTS, table::endpoint_of};

/// The names that each of our own endpoints knows, by its path and method: those of the document.
type Known = HashMap<(&'static str, Method), Vec<String>>;

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut document = openapi::document();
    let ours = ENDPOINTS.iter().filter(|endpoint| endpoint.documented.is_none());
    let known = ours.map(|endpoint| {
        let operation = openapi::operation_mut(&mut document, endpoint);
        let parameters = operation.and_then(|operation| operation.parameters.take());
        ((endpoint.path, endpoint.method.clone()), names(parameters))
    });
    known.collect()
});

fn names(parameters: Option<Vec<RefOr<Parameter>>>) -> Vec<String> {
    let parameters = parameters.into_iter().flatten();
    let names = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name),
        _ => None,
    });
    names.collect()
}

/// The endpoints of the MoEngage API go on ignoring what they do not know: its clients may send it.
pub(crate) fn refuse_unknown(request: &HttpRequest) -> Result<(), ApiError> {
    refuse(request, |_| false)
}

/// The same for the link of a mail, to which relays that count clicks add names of their own.
pub(crate) fn refuse_unknown_of_link(request: &HttpRequest) -> Result<(), ApiError> {
    refuse(request, |name| name.starts_with("utm_"))
}

fn refuse(request: &HttpRequest, is_ignored: fn(&str) -> bool) -> Result<(), ApiError> {
    let query = request.query_string();
    if query.is_empty() {
        return Ok(());
    }
    let known =
        endpoint_of(request).and_then(|endpoint| KNOWN.get(&(endpoint.path, endpoint.method.clone())));
    let Some(known) = known else {
        return Ok(());
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if !known.contains(&&*name) && !is_ignored(&name) {
            return Err(ApiError::Bad(names::unknown("parameter", &name, &known)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_endpoints_know_their_parameters_and_the_documented_ones_are_left_alone() {
        let known = |method, path| KNOWN.get(&(path, method));
        let pull = known(Method::GET, "/v1/pull/{token}").unwrap();
        assert_eq!(*pull, ["user_id", "campaign_id", "request_id", "preview"]);
        let stock = known(Method::GET, "/v1/coupon-list/{coupon_list_id}/stock").unwrap();
        assert!(stock.is_empty());
        assert_eq!(known(Method::GET, "/v1/coupon-list"), None);
        assert_eq!(known(Method::PATCH, "/v1/coupon-list/{coupon_list_id}"), None);
    }
}
