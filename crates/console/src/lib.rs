//! The console: pages for people who never see the API. Rendered here, complete without script; a handler asks storage one
//! or two things and renders.

mod assets;
mod download;
mod error;
mod form;
mod guard;
mod headers;
mod page;
mod pages;
mod proxied;
mod routes;
mod shown;
mod visitor;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    middleware::from_fn,
    web::{self, ServiceConfig, scope},
};
use domain::{FileUrl, MailDomains};
use identity::Provider;
use jiff::tz::TimeZone;
use storage::{Allocator, Storage, Token};

pub use pages::link::is_address as check_address;
pub use routes::{Needs, ROUTES, Route};

/// What people may do here (`COUPONRY_CONSOLE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    On,
    /// Everything can be looked at, nothing changed.
    ReadOnly,
}

/// Tells who sent a request.
pub type Client = Arc<dyn Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync>;

/// Tells whom a proxy in front of the console has signed in, by e-mail address, if it is one whose word counts.
pub type SignedInBefore = Arc<dyn Fn(&HttpRequest) -> Option<String> + Send + Sync>;

/// What every page may use.
#[derive(Clone)]
pub struct Console {
    pub storage: Storage,
    pub allocator: Allocator,
    pub mode: Mode,
    /// Days begin in this zone, and times are shown in it.
    pub zone: TimeZone,
    /// How the outside reaches the service, without a slash at its end.
    pub public_url: String,
    /// Whether `public_url` is what an operator said, or only a guess.
    pub is_public_url_set: bool,
    /// Who sent a request.
    pub client: Client,
    /// How long a form may take to come, and the next of a file.
    pub patience: Duration,
    /// Whether the text of a URL alone shows that it must not be fetched.
    pub refuses_url: Arc<dyn Fn(&FileUrl) -> bool + Send + Sync>,
    /// The domains that mails may go to.
    pub mail_domains: MailDomains,
    /// Whether invitations can be mailed.
    pub has_relay: bool,
    /// The most lists of a workspace.
    pub most_lists: Option<i64>,
    /// Whom people may sign in by, beside their passwords.
    pub provider: Option<Provider>,
    pub signed_in_before: Option<SignedInBefore>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console {
    /// Whether browsers reach it by https, as far as is known.
    fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// The address under which all pages are.
pub const ROOT: &str = "/console";

/// The address at which a one-time link is followed.
pub fn link(public_url: &str, token: &Token) -> String {
    format!(
        "{}{ROOT}/link/{}",
        public_url.trim_end_matches('/'),
        token.secret()
    )
}

/// Adds the pages, and leads `/` to them.
pub fn configure(console: &Console, service: &mut ServiceConfig) {
    let mut pages = scope(ROOT)
        .app_data(web::Data::new(console.clone()))
        .wrap(from_fn(guard::judge))
        .wrap(from_fn(headers::set))
        .default_service(web::to(error::nowhere));
    for (path, route) in routes::by_path() {
        pages = pages.service(route(path));
    }
    service.service(pages);
    service.service(web::redirect("/", ROOT));
}
