//! Those that couponry is compared with, each behind the same HTTP layer: actix-web with a worker a core, the same
//! header judged, the same body parsed, and an answer of the same size.

pub(crate) mod redis;
mod skip_locked;

use std::{
    env,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::AUTHORIZATION},
};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::arguments::Peer;

/// In the environment, since everybody may read arguments.
pub(crate) const AUTHORIZATION_VARIABLE: &str = "BENCH_AUTHORIZATION";

pub(crate) async fn serve(peer: Peer) -> anyhow::Result<()> {
    let authorization = env::var(AUTHORIZATION_VARIABLE).context(AUTHORIZATION_VARIABLE)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    tell(listener.local_addr()?)?;
    match peer {
        Peer::SkipLocked {
            database,
            connections,
        } => skip_locked::serve(listener, authorization, &database, connections).await,
        Peer::Redis { url } => redis::serve(listener, authorization, url).await,
    }
}

fn tell(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{address}")?;
    out.flush()
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

/// Who asks for a code, or the refusal.
fn wanted(request: &HttpRequest, body: &[u8], authorization: &str) -> Result<Wanted, StatusCode> {
    let shown = request.headers().get(AUTHORIZATION);
    if shown.is_none_or(|shown| shown.as_bytes() != authorization.as_bytes()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)
}

fn taken(code: &str, user_id: &str) -> HttpResponse {
    HttpResponse::Created().json(Taken {
        _id: "0123456789abcdef0123456789abcdef01234567",
        coupon_list_id: "0123456789abcdef01234567",
        coupon_code: code,
        user_id,
        request_id: None,
        campaign_id: None,
        status: "ALLOCATED",
        allocated_at: "2026-01-01T00:00:00.000Z",
        held_until: None,
    })
}
