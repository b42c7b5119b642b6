//! Those that couponry is compared with, each behind the same HTTP layer: actix-web with a worker a core, the same
//! header judged, the same body parsed, and an answer of the same size.

mod redis;
mod skip_locked;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::header::AUTHORIZATION, web,
};
use anyhow::{Context as _, ensure};
use askama::Template;
use serde::Deserialize;
use tokio::process::Child;

use crate::stand::{Stand, server};

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) server: ServerHandle,
    _behind: Option<Child>,
}

enum Store {
    SkipLocked(skip_locked::Store),
    Redis(redis::Store),
}

struct Shared {
    authorization: String,
    store: Store,
}

/// On the table of `row_per_code`.
pub(crate) async fn start_skip_locked(stand: &Stand) -> anyhow::Result<Peer> {
    let store = skip_locked::Store::open(&stand.database.url).await?;
    serve(Store::SkipLocked(store), None)
}

pub(crate) async fn start_redis(stand: &Stand) -> anyhow::Result<Peer> {
    let (child, store) = redis::start(stand.path("redis")).await?;
    serve(Store::Redis(store), Some(child))
}

fn serve(store: Store, behind: Option<Child>) -> anyhow::Result<Peer> {
    let authorization = server::authorization();
    let shared = web::Data::new(Shared { authorization, store });
    let app = move || {
        let app = App::new().app_data(shared.clone());
        app.default_service(web::to(answer))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let serving = HttpServer::new(app).disable_signals().listen(listener)?.run();
    let server = serving.handle();
    tokio::spawn(serving);
    Ok(Peer {
        address,
        server,
        _behind: behind,
    })
}

#[derive(Debug, Deserialize)]
struct Wanted {
    user_id: String,
}

/// As couponry answers.
#[derive(Template)]
#[template(path = "allocation.json", escape = "none")]
struct Allocation {
    code: String,
    user_id: String,
}

async fn answer(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match take(&shared, &request, &body).await {
        Ok(taken) => HttpResponse::Created()
            .content_type("application/json")
            .body(taken),
        Err(error) => {
            eprintln!("{error:#}");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

async fn take(shared: &Shared, request: &HttpRequest, body: &[u8]) -> anyhow::Result<String> {
    let shown = request.headers().get(AUTHORIZATION).context("no key")?;
    ensure!(*shown == shared.authorization, "not the key");
    let Wanted { user_id } = serde_json::from_slice(body)?;
    let code = match &shared.store {
        Store::SkipLocked(store) => store.take(&user_id).await?,
        Store::Redis(store) => store.take(&user_id).await?,
    };
    Ok(Allocation { code, user_id }.render()?)
}
