//! A client of the API, as a marketing system would send: JSON, Basic credentials, `MOE-APPKEY`.

use std::{net::SocketAddr, time::Duration};

use demo::client::{basic, plain_text};
use reqwest::{Method, RequestBuilder, header};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Answer, in_time, server::Environment};

#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) workspace: String,
    pub(crate) key: String,
}

impl Credentials {
    pub(crate) fn new(workspace: &str, key: &str) -> Self {
        Self {
            workspace: workspace.to_owned(),
            key: key.to_owned(),
        }
    }

    pub(super) fn of(environment: &Environment) -> Self {
        Self::new(
            &environment["COUPONRY_BOOTSTRAP_WORKSPACE_ID"],
            &environment["COUPONRY_BOOTSTRAP_API_KEY"],
        )
    }

    /// What stands after `Authorization:`.
    pub(crate) fn basic(&self) -> String {
        basic(&self.workspace, &self.key)
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) address: SocketAddr,
    pub(crate) credentials: Credentials,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, credentials: Credentials) -> Self {
        Self {
            http: plain_text(Duration::from_mins(1)).unwrap().build().unwrap(),
            address,
            credentials,
        }
    }

    /// The same server, asked by someone else.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..self.clone()
        }
    }

    /// A request below `/v1`, with credentials and nothing else.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, &format!("/v1{path}"))
            .header(header::AUTHORIZATION, self.credentials.basic())
            .header("MOE-APPKEY", &self.credentials.workspace)
    }

    /// A request without credentials, to any path.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A PUT without a body.
    pub(crate) async fn put_nothing(&self, path: &str) -> Answer {
        send(self.request(Method::PUT, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Writes these bytes on a connection of their own and reads until the server closes it. For what no HTTP library
    /// would send; say `Connection: close` where the server would otherwise wait for more.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        let mut answer = Vec::new();
        in_time("the server to close the connection", async {
            // A server that refuses early may close while we still write, and reset what it did not read.
            connection.write_all(bytes).await.ok();
            connection.read_to_end(&mut answer).await.ok();
        })
        .await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Sends, and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap()
}

/// The same for a server that may die meanwhile.
pub(crate) async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: String::from_utf8(response.bytes().await?.into()).unwrap(),
    })
}
