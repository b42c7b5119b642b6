//! Those that couponry is compared with, each behind the same HTTP layer: actix-web with a worker a core, the same
//! header judged, the same body parsed, and an answer of the same size.

mod redis;
mod skip_locked;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::header::AUTHORIZATION, web,
};
use serde::{Deserialize, Serialize};

use crate::stand::{Stand, process::Process, server};

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    server: ServerHandle,
    _behind: Option<Process>,
}

impl Peer {
    /// What is behind it ends, too.
    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
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
    let (process, store) = redis::start(stand.path("redis")).await?;
    serve(Store::Redis(store), Some(process))
}

fn serve(store: Store, behind: Option<Process>) -> anyhow::Result<Peer> {
    let authorization = server::authorization();
    let shared = web::Data::new(Shared { authorization, store });
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .default_service(web::to(answer))
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
#[derive(Serialize)]
struct Taken<'a> {
    _id: &'a str,
    coupon_list_id: &'a str,
    coupon_code: &'a str,
    user_id: &'a str,
    request_id: Option<&'a str>,
    campaign_id: Option<&'a str>,
    status: &'a str,
    allocated_at: &'a str,
    held_until: Option<&'a str>,
}

async fn answer(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let shown = request.headers().get(AUTHORIZATION);
    if shown.is_none_or(|shown| shown.as_bytes() != shared.authorization.as_bytes()) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(Wanted { user_id }) = serde_json::from_slice(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    let code = match &shared.store {
        Store::SkipLocked(store) => store.take(&user_id).await,
        Store::Redis(store) => store.take(&user_id).await,
    };
    match code {
        Ok(code) => HttpResponse::Created().json(Taken {
            _id: "0123456789abcdef0123456789abcdef01234567",
            coupon_list_id: "0123456789abcdef01234567",
            coupon_code: &code,
            user_id: &user_id,
            request_id: None,
            campaign_id: None,
            status: "ALLOCATED",
            allocated_at: "2026-01-01T00:00:00.000Z",
            held_until: None,
        }),
        Err(error) => {
            eprintln!("{error:#}");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
