//! What `routes.rs` says of each endpoint, and what is made of it: routes, refusals of other methods, limits, audit log and
//! the document.

use std::{cmp::Reverse, collections::HashMap, future::ready, sync::LazyLock};

use actix_web::{
    HttpMessage as _, HttpRequest, Route,
    http::Method,
    web::{self, ServiceConfig, resource, scope},
};
use domain::{KeyRole, Operation};

use crate::{
    error::{ApiError, Wording},
    routes::ENDPOINTS,
};

/// A method and a path that are answered.
#[derive(Debug)]
pub struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    /// What the key must be allowed that asks for it; `None`: it is asked without one.
    pub needs: Option<KeyRole>,
    /// Whether the key must be one that sees all lists of its workspace.
    pub of_all_lists: bool,
    /// Makes the route to the handler; each worker thread has its own.
    pub(crate) route: fn() -> Route,
    /// One of the eleven of the MoEngage API, with the words in which it refuses credentials; the others are our own.
    pub(crate) documented: Option<Wording>,
    /// What it counts as where requests are limited.
    pub(crate) limit: Option<Operation>,
    /// What the audit log calls it.
    pub(crate) action: Option<&'static str>,
}

/// One line an endpoint:
///
/// ```text
/// METHOD "/path" => noun::verb::handler, needs Role of all lists,
///     documented Wording, limit Operation, audit "action";
/// ```
macro_rules! endpoints {
    ($(
        $method:ident $path:literal => $($handler:ident)::+, needs $role:ident $(of all $lists:ident)?
        $(, documented $wording:ident)?
        $(, limit $operation:ident)?
        $(, audit $action:literal)?;
    )+) => {
        pub static ENDPOINTS: &[$crate::table::Endpoint] = &[$(
            $crate::table::Endpoint {
                method: actix_web::http::Method::$method,
                path: $path,
                needs: $crate::table::role!($role),
                of_all_lists: $crate::table::is_said!($($lists)?),
                route: || actix_web::web::method(actix_web::http::Method::$method).to($($handler)::+),
                documented: $crate::table::optional!($($crate::error::Wording::$wording)?),
                limit: $crate::table::optional!($(domain::Operation::$operation)?),
                action: $crate::table::optional!($($action)?),
            }
        ),+];

        /// Their operations, in this order.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($handler)::+),+))]
        pub(crate) struct Operations;
    };
}

macro_rules! role {
    (Nothing) => {
        None
    };
    ($role:ident) => {
        Some(domain::KeyRole::$role)
    };
}

macro_rules! is_said {
    () => {
        false
    };
    ($word:ident) => {
        true
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

pub(crate) use {endpoints, is_said, optional, role};

/// The path of one list, below which most others are.
const LIST: &str = "/v1/coupon-list/{coupon_list_id}";
/// What is to be found first.
const FIRST: &str = "/v1/coupon-list/{coupon_list_id}/allocations";

/// All endpoints, and for each path a refusal of the methods that it has not.
///
/// actix asks one path after the other, by regular expressions where they have parameters: hence the scope, which is asked
/// once for all that is of a list, and in it first what has to be fast. A path without a parameter comes before one that has
/// it in the same place.
pub(crate) fn configure(service: &mut ServiceConfig) {
    let mut paths: Vec<(&'static str, Vec<&'static Endpoint>)> = Vec::new();
    for endpoint in ENDPOINTS {
        match paths.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => paths.push((endpoint.path, vec![endpoint])),
        }
    }
    paths.sort_by_key(|(path, _)| (Reverse(path.starts_with(FIRST)), path.matches('{').count()));
    let (of_a_list, others): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|(path, _)| path.starts_with(LIST));
    let mut list = scope(LIST);
    for (path, endpoints) in of_a_list {
        list = list.service(service_of(path.trim_start_matches(LIST), &endpoints));
    }
    service.service(list);
    for (path, endpoints) in others {
        service.service(service_of(path, &endpoints));
    }
}

fn service_of(path: &str, endpoints: &[&Endpoint]) -> actix_web::Resource {
    let mut methods: Vec<&str> = endpoints
        .iter()
        .map(|endpoint| endpoint.method.as_str())
        .collect();
    methods.sort_unstable();
    let mut resource = resource(path);
    for endpoint in endpoints {
        resource = resource.route((endpoint.route)());
    }
    resource.default_service(only(methods.join(", ")))
}

/// Any other method on a path that exists.
pub(crate) fn only(allow: String) -> Route {
    web::to(move || ready(Err::<&str, _>(ApiError::MethodNotAllowed(allow.clone()))))
}

/// The endpoint of a request, found once, when the request is logged.
#[derive(Clone, Copy)]
pub(crate) struct Found(Option<&'static Endpoint>);

impl Found {
    pub(crate) fn by(method: &Method, path: &str) -> Self {
        static BY_PATH: LazyLock<HashMap<&'static str, Vec<&'static Endpoint>>> = LazyLock::new(|| {
            let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
            for endpoint in ENDPOINTS {
                by_path.entry(endpoint.path).or_default().push(endpoint);
            }
            by_path
        });
        let endpoints = BY_PATH.get(path).into_iter().flatten();
        Self(endpoints.copied().find(|endpoint| endpoint.method == *method))
    }

    pub(crate) fn endpoint(self) -> Option<&'static Endpoint> {
        self.0
    }
}

/// The request's endpoint, if its path and method are of one.
pub(crate) fn endpoint_of(request: &HttpRequest) -> Option<&'static Endpoint> {
    request.extensions().get::<Found>()?.0
}
