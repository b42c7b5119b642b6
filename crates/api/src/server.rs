//! The HTTP server and what its handlers share.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpServer, dev::Server, middleware, web};
use domain::{FileUrl, MailDomains};
use jiff::tz::TimeZone;
use storage::{Allocator, Storage};

use crate::{RateLimits, audit, host, limits, request_log, routes, shield::Shield};

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
}

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
}

/// How long a request's head may take to come in; slower clients are cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the usual 60 s of a balancer in front, so that it is the one who ends an idle connection.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests under way get to end after a stop was asked for.
const DRAIN_SECONDS: u64 = 30;

/// Answers the server on this listener, to be awaited, with the address it listens on. Signals are the caller's business.
///
/// # Errors
/// If the listener cannot be used.
pub fn serve(app: App, listener: TcpListener) -> io::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let app = web::Data::new(app);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .wrap(middleware::from_fn(audit::record))
            .wrap(middleware::from_fn(host::judge))
            .wrap(middleware::from_fn(limits::show))
            .wrap(middleware::from_fn(request_log::log))
            .configure(routes::configure)
    })
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((server, address))
}
