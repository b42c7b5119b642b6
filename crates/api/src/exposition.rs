//! `/metrics`, for Prometheus: on an address of its own, or on the API's for callers of the same machine. The address of its own
//! also says how the process is: a worker has no other.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_server::Server;
use actix_web::{
    HttpRequest, HttpResponse, HttpServer,
    http::header::{CONTENT_TYPE, HeaderMap},
    web::{self, get, resource},
};

use crate::{
    App,
    error::ApiError,
    health::{self, Probed},
    proxies::TrustedProxies,
    table::only,
};

/// What only a proxy adds, whether or not anybody trusts it.
const OF_PROXIES: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Those who read metrics are few.
const CONNECTIONS: usize = 64;

/// Says all metrics in Prometheus' text.
#[derive(Clone)]
pub struct Exposition(Arc<dyn Fn() -> String + Send + Sync>);

impl Exposition {
    pub fn new(say: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(say))
    }

    fn answer(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .body((self.0)())
    }
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition").finish_non_exhaustive()
    }
}

/// On the API's address. To everybody else it is a path at which nothing is.
pub(crate) async fn of_this_machine(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    match &app.exposition {
        Some(exposition) if is_of_this_machine(&request, app.shield.proxies()) => Ok(exposition.answer()),
        _ => Err(ApiError::NotFound),
    }
}

fn is_of_this_machine(request: &HttpRequest, proxies: &TrustedProxies) -> bool {
    let came_by_proxy = |headers: &HeaderMap| OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    peer.is_some_and(|peer| peer.is_loopback() && !proxies.contains(peer))
        && !came_by_proxy(request.headers())
}

/// On an address of its own, with `/healthz` and `/readyz`, and nothing else. To be awaited, like the API's.
///
/// # Errors
/// If the listener cannot be used.
pub fn serve_metrics(
    exposition: Exposition,
    probed: Probed,
    listener: TcpListener,
) -> io::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let probed = web::Data::new(probed);
    let server = HttpServer::new(move || {
        let exposition = exposition.clone();
        let metrics = get().to(move || {
            let answer = exposition.answer();
            async move { answer }
        });
        let shown = |path, route| {
            resource(path)
                .route(route)
                .default_service(only("GET".to_owned()))
        };
        actix_web::App::new()
            .app_data(probed.clone())
            .service(shown("/metrics", metrics))
            .service(shown("/healthz", get().to(health::healthz)))
            .service(shown("/readyz", get().to(health::readyz)))
            .default_service(web::to(async || Err::<HttpResponse, _>(ApiError::NotFound)))
    });
    let server = server
        .workers(1)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok((server, address))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_who_calls_from_this_machine_without_a_proxy_is_shown_metrics() {
        let trusted: TrustedProxies = "127.0.0.2".parse().unwrap();
        for (peer, header, expected) in [
            ("127.0.0.1:1", None, true),
            ("[::1]:1", None, true),
            ("[::ffff:127.0.0.1]:1", None, true),
            ("192.0.2.1:1", None, false),
            ("127.0.0.2:1", None, false),
            ("127.0.0.1:1", Some("X-Forwarded-For"), false),
            ("127.0.0.1:1", Some("Forwarded"), false),
            ("127.0.0.1:1", Some("Via"), false),
        ] {
            let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
            if let Some(header) = header {
                request = request.insert_header((header, "127.0.0.1"));
            }
            let request = request.to_http_request();
            assert_eq!(
                is_of_this_machine(&request, &trusted),
                expected,
                "{peer} {header:?}"
            );
        }
    }
}
