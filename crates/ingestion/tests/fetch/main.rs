//! Fetching from hosts of every kind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod credentials;
mod host;
mod misbehaviour;
mod tries;

use std::time::Duration;

use domain::{BasicAuth, FileUrl, LoadFailure};
use ingestion::outbound::{Limits, Outbound};

use host::{Answer, Host};

/// Whole answers come at once, so what has not come in this time was not going to.
fn limits() -> Limits {
    Limits {
        lookup: Duration::from_secs(1),
        connect: Duration::from_secs(2),
        pauses: vec![Duration::ZERO; 2],
        ..Limits::default()
    }
}

fn outbound(allow: &str, limits: Limits) -> Outbound {
    Outbound::new(allow.parse().unwrap(), limits).unwrap()
}

/// The whole file, or why there is none.
async fn fetch_by(
    outbound: &Outbound,
    url: &FileUrl,
    auth: Option<&BasicAuth>,
) -> Result<Vec<u8>, LoadFailure> {
    let mut fetched = outbound.fetch(url, auth).await?;
    let mut file = Vec::new();
    while let Some(chunk) = fetched.next_chunk().await? {
        file.extend_from_slice(&chunk);
    }
    Ok(file)
}

async fn fetch(url: &FileUrl) -> Result<Vec<u8>, LoadFailure> {
    fetch_by(&outbound("127.0.0.0/8", limits()), url, None).await
}

/// What comes of a host that always answers like this.
async fn outcome(answer: Answer) -> Result<Vec<u8>, LoadFailure> {
    fetch(&Host::start([answer]).await.url()).await
}

#[tokio::test]
async fn a_file_comes_whole_with_the_length_it_announced() {
    let host = Host::start([Answer::file("Coupon Code\nA\n")]).await;
    let outbound = outbound("127.0.0.0/8", limits());
    let fetched = outbound.fetch(&host.url(), None).await.unwrap();
    assert_eq!(fetched.announced(), Some(14));
    assert_eq!(fetch(&host.url()).await.unwrap(), b"Coupon Code\nA\n");
}

#[tokio::test]
async fn the_request_says_who_asks_and_wants_nothing_compressed() {
    let host = Host::start([Answer::file("A")]).await;
    fetch(&host.url()).await.unwrap();
    let head = host.requests().concat();
    assert!(head.starts_with("get /codes.csv http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
    assert!(head.contains("\r\nuser-agent: couponry/"), "{head}");
}

#[tokio::test]
async fn a_fetched_file_does_not_show_its_url() {
    let host = Host::start([Answer::file("A")]).await;
    let url = FileUrl::new(&host.at("/codes.csv?sig=s3cret")).unwrap();
    let outbound = outbound("127.0.0.0/8", limits());
    let fetched = outbound.fetch(&url, None).await.unwrap();
    assert!(!format!("{fetched:?} {outbound:?}").contains("s3cret"));
}
