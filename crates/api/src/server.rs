//! The HTTP server and what its handlers share.

use std::{
    fmt,
    future::ready,
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_http::{HttpService, Request, error::DispatchError};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory as _, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    body::BoxBody,
    dev::{AppConfig, ServiceResponse},
    middleware,
    rt::net::TcpStream,
    web::{self, ServiceConfig},
};
use domain::{FileUrl, MailDomains};
use jiff::tz::TimeZone;
use rustix::net::sockopt::set_socket_send_buffer_size;
use storage::{Allocator, Storage};
use tokio::sync::Mutex;

use crate::{
    Exposition, RateLimits, TrustedProxies, audit,
    bodies::Bodies,
    connection::{self, KEEP_ALIVE, Patience, Stream},
    error::ApiError,
    health::Probed,
    host, limits,
    metrics::count_refusal,
    places::Places,
    request_log, routes,
    shield::Shield,
    streams::Streams,
};

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    pub storage: Storage,
    pub allocator: Allocator,
    /// The most lists of a workspace; absent: as many as it likes.
    pub most_lists: Option<i64>,
    /// Days of expiry end in this zone.
    pub zone: TimeZone,
    /// Whether the text of a URL alone shows that it must not be fetched.
    pub refuses_url: Arc<dyn Fn(&FileUrl) -> bool + Send + Sync>,
    /// How the outside reaches the API, without a slash at its end.
    pub public_url: String,
    /// Where mails may go.
    pub mail_domains: MailDomains,
    pub readiness: Arc<Readiness>,
    pub rate_limits: RateLimits,
    pub shield: Shield,
    /// For `/metrics`; absent where another address has it.
    pub exposition: Option<Exposition>,
}

impl App {
    pub fn probed(&self) -> Probed {
        Probed {
            readiness: Arc::clone(&self.readiness),
            storage: self.storage.clone(),
            allocator: Some(self.allocator.clone()),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

/// Whether this process should be sent requests: the schema must be there, and it must not be going away.
#[derive(Debug, Default)]
pub struct Readiness {
    schema_fits: AtomicBool,
    draining: AtomicBool,
    /// What the database was found to be, and when.
    found: Mutex<Option<(Instant, Result<(), ApiError>)>>,
}

/// How long an answer to `/readyz` is good for: anybody may ask, as often as they like.
const READY_REMEMBERED: Duration = Duration::from_secs(1);

impl Readiness {
    pub fn schema_fits(&self) {
        self.schema_fits.store(true, Ordering::Relaxed);
    }

    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.schema_fits.load(Ordering::Relaxed) && !self.draining.load(Ordering::Relaxed)
    }

    /// What was found a moment ago, or what asking finds now; all who ask meanwhile wait for the one who asks.
    pub(crate) async fn remembered(
        &self,
        ask: impl AsyncFnOnce() -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut found = self.found.lock().await;
        if let Some((at, answer)) = found.as_ref()
            && at.elapsed() < READY_REMEMBERED
        {
            return answer.clone();
        }
        let answer = ask().await;
        *found = Some((Instant::now(), answer.clone().map_err(ApiError::logged)));
        answer
    }
}

/// How long a request's head may take to come in; slower clients are cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the rest of a body is read over whose request was answered early, so that the answer is not lost with it.
const LINGER: Duration = Duration::from_secs(5);
/// How long requests under way get to end after a stop was asked for.
const DRAIN_SECONDS: u64 = 30;
/// What the kernel keeps for a peer that does not read, per connection; Linux doubles it.
const SEND_BUFFER: usize = 256 * 1024;

/// Who may come in, and how long one may stand in the door.
#[derive(Debug, Clone)]
pub struct Door {
    /// The most connections at once; an address has half of them at most, unless it is a trusted proxy.
    pub connections: usize,
    pub proxies: TrustedProxies,
    /// How long a peer may take nothing of what is to be written to it.
    pub stalled: Duration,
}

impl Door {
    /// How long a body may keep us waiting.
    pub fn patience_with_bodies(&self) -> Duration {
        Patience::new(self.stalled).bodies()
    }
}

/// Answers the server on this listener, to be awaited, with the address it listens on. Signals are the caller's business.
/// `pages` adds what is served beside the API.
///
/// # Errors
/// If the listener cannot be used.
pub fn serve(
    app: App,
    door: Door,
    listener: TcpListener,
    pages: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    // Connections have it from their listener.
    set_socket_send_buffer_size(&listener, SEND_BUFFER)?;
    let probed = web::Data::new(app.probed());
    let app = web::Data::new(app);
    let bodies = web::Data::new(Bodies::default());
    let streams = web::Data::new(Streams::default());
    let places = Places::new(door.connections, door.proxies);
    let patience = Patience::new(door.stalled);
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let server = builder
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals()
        .listen("couponry", listener, move || {
            let (places, stopping, pages) = (places.clone(), stopping.clone(), pages.clone());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(LINGER)
                .keep_alive(KEEP_ALIVE)
                .local_addr(address)
                .on_connect_ext(|stream: &Stream, data| {
                    data.insert(stream.progress());
                });
            let admit = move |socket: TcpStream| ready(admit(socket, &places, patience));
            fn_service(admit).and_then(http.h1(map_config(
                service(
                    app.clone(),
                    probed.clone(),
                    bodies.clone(),
                    streams.clone(),
                    patience,
                    pages,
                ),
                |()| AppConfig::default(),
            )))
        })?
        .run();
    Ok((server, address))
}

/// A connection for which there is no place is closed at once.
fn admit(
    socket: TcpStream,
    places: &Places,
    patience: Patience,
) -> Result<(Stream, Option<SocketAddr>), DispatchError> {
    let peer = socket.peer_addr().map_err(DispatchError::Io)?;
    let Some(place) = places.take(peer.ip()) else {
        count_refusal("connections");
        return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
    };
    let stream = Stream::new(socket, patience, place);
    Ok((stream, Some(peer)))
}

/// Every path, and what is done round each of its requests.
fn service(
    app: web::Data<App>,
    probed: web::Data<Probed>,
    bodies: web::Data<Bodies>,
    streams: web::Data<Streams>,
    patience: Patience,
    pages: impl FnOnce(&mut ServiceConfig),
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse<BoxBody>,
    Error = actix_web::Error,
    InitError = (),
    Service = impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
> {
    actix_web::App::new()
        .app_data(app)
        .app_data(probed)
        .app_data(bodies)
        .app_data(streams)
        .app_data(web::Data::new(patience))
        .wrap(middleware::from_fn(audit::record))
        .wrap(middleware::from_fn(host::judge))
        .wrap(middleware::from_fn(limits::show))
        .wrap(middleware::from_fn(request_log::log))
        .wrap(middleware::from_fn(connection::watch))
        .configure(pages)
        .configure(routes::configure)
        .into_factory()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[actix_web::test]
    async fn many_who_ask_whether_it_is_ready_cost_one_question() {
        let readiness = Readiness::default();
        let asked = Cell::new(0);
        let ask = async || {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            Err(ApiError::BUSY)
        };
        let all = (0..100).map(|_| readiness.remembered(ask));
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.iter().all(|answer| *answer == Err(ApiError::BUSY)));
        assert_eq!(asked.get(), 1);
    }
}
