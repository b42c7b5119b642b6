//! `GET /v1/pull/{token}`: a code for a sender that can only fetch a URL

mod codes;
mod tokens;

use reqwest::{Method, header};
use serde_json::Value;

use crate::app::{Answer, Client, send, text};

/// What the token answers, to someone without credentials. Whatever it is, nobody may keep it.
async fn pull(client: &Client, token: &Value, query: &str) -> Answer {
    pull_as(client, token, query, "*/*").await
}

async fn pull_as(client: &Client, token: &Value, query: &str, accept: &str) -> Answer {
    let path = format!("/v1/pull/{}?{query}", text(&token["token"]));
    let request = client
        .anonymous(Method::GET, &path)
        .header(header::ACCEPT, accept);
    let answer = send(request).await;
    assert_eq!(
        answer.header("cache-control"),
        Some("no-store"),
        "{}",
        answer.text
    );
    answer
}
