//! Bad input gets a clear error in the documented envelope, changes nothing, and is never our failure (5xx).

mod allocations;
mod bodies;
mod create_and_update;
mod files;
mod framing;
mod ids;
mod memory;
mod misnamed;
mod multipart;
mod queries;
mod reports;
mod requests;

use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, a_list, send};

/// An app with a list, a file and codes that bad input could harm.
struct Victim {
    app: TestApp,
    list: String,
    file: String,
    before: Vec<String>,
}

/// A route that takes a body, and a body that is good.
struct Route {
    method: Method,
    path: String,
    good: Value,
}

impl Victim {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let list = app.create_list().await;
        let file = app.load_codes(&list, &["A-1", "A-2", "A-3"]).await;
        let mut victim = Self {
            app,
            list,
            file,
            before: Vec::new(),
        };
        victim.before = victim.state().await;
        victim
    }

    fn path(&self, rest: &str) -> String {
        format!("/coupon-list/{}{rest}", self.list)
    }

    /// All routes with a body. None of these would be refused, and none is meant to be sent as it is.
    fn routes(&self) -> Vec<Route> {
        let at = |method, rest: &str, good| Route {
            method,
            path: self.path(rest),
            good,
        };
        let create = Route {
            method: Method::POST,
            path: "/coupon-list".to_owned(),
            good: a_list(),
        };
        vec![
            create,
            at(Method::PATCH, "", json!({"name": "Changed"})),
            at(Method::PUT, "/activate", json!({"expires_at": "2098-01-01"})),
            at(
                Method::POST,
                "/files",
                json!({"file_url": "http://files.example.com/a.csv"}),
            ),
            at(Method::POST, "/allocations", json!({"user_id": "u"})),
            at(
                Method::POST,
                "/allocations/batch",
                json!({"recipients": [{"user_id": "u"}]}),
            ),
            at(
                Method::POST,
                "/usage-report",
                json!({"start_date": "2026-01-01", "end_date": "2026-01-02", "email_subscribers": ["a@example.com"]}),
            ),
        ]
    }

    fn request(&self, route: &Route) -> RequestBuilder {
        self.app.request(route.method.clone(), &route.path)
    }

    /// Sends these bytes as JSON.
    async fn send(&self, route: &Route, body: impl Into<Vec<u8>>) -> Answer {
        let request = self
            .request(route)
            .header(header::CONTENT_TYPE, "application/json");
        send(request.body(body.into())).await
    }

    /// All that the API shows of the list, its files and its reports.
    async fn state(&self) -> Vec<String> {
        let paths = [
            "/coupon-list".to_owned(),
            self.path("/files"),
            self.path(&format!("/files/{}", self.file)),
            self.path("/usage-report"),
            "/webhook-secret".to_owned(),
        ];
        let mut state = Vec::new();
        for path in paths {
            let answer = self.app.get(&path).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            state.push(answer.text);
        }
        state
    }

    async fn assert_unharmed(&self) {
        assert_eq!(self.state().await, self.before);
        self.app.take(&self.list, "somebody good").await;
    }
}

/// Fails unless the answer is a 400 with one of these codes.
#[track_caller]
fn assert_refused(answer: &Answer, codes: &[&str], what: &str) -> String {
    assert_eq!(answer.status, 400, "{what}: {}", answer.text);
    let (code, message) = answer.error();
    assert!(codes.contains(&code.as_str()), "{what}: {}", answer.text);
    message
}

const INVALID: &[&str] = &["invalid-request"];
const INVALID_OR_MISSING: &[&str] = &["invalid-request", "missing-mandatory-attributes"];
