//! Every route of the API, asked while something is broken, and how soon codes go out again.

use std::time::Duration;

use anyhow::Context as _;
use demo::client::{Client, text};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Verdict, millis};
use crate::{stand::Stand, storm::ask};

/// Whoever waits hears within this time, whatever the database does; a little more is the client's own.
pub(super) const ANSWERED_WITHIN: Duration = Duration::from_millis(5_500);
const WELL_WITHIN: Duration = Duration::from_secs(10);
/// How many requests are under way at once.
const AT_ONCE: usize = 16;
/// In the place of an id that nothing has.
const NOBODY: &str = "0123456789abcdef01234567";

/// How a route is asked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
}

/// What there is to be named in paths and bodies.
struct Named {
    list: String,
    file: String,
    allocation: String,
    code: String,
    url: String,
    day: String,
    name: String,
}

/// Every route of the document, on a list of its own: some of them end it.
pub(super) async fn of_a_new_list(stand: &mut Stand) -> anyhow::Result<Vec<Request>> {
    let list = stand.list_of(10).await?;
    let body = json!({"user_id": "somebody"});
    let code = stand
        .insist(Method::POST, &format!("{list}/allocations"), Some(&body))
        .await?;
    let files = stand.insist(Method::GET, &format!("{list}/files"), None).await?;
    let file = files.pointer("/data/0").context("a list has no file")?;
    let shown = stand.insist(Method::GET, &list, None).await?;
    let id = list.rsplit('/').next().unwrap_or_default();
    let named = Named {
        list: id.to_owned(),
        file: text(file, "_id")?.to_owned(),
        allocation: text(&code, "_id")?.to_owned(),
        code: text(&code, "coupon_code")?.to_owned(),
        url: stand.url(1_000, 5),
        day: text(&shown, "created_at")?.chars().take(10).collect(),
        name: format!("another-than-{id}"),
    };
    let document = stand.insist(Method::GET, "/openapi.json", None).await?;
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.context("the document has no paths")?;
    Ok(paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flat_map(Map::keys);
            let methods = methods.filter_map(|method| method.to_uppercase().parse::<Method>().ok());
            let path = named.path(path);
            methods.map(move |method| (method, path.clone()))
        })
        .map(|(method, path)| Request {
            body: named.body(&method, &path),
            method,
            path,
        })
        .collect())
}

impl Named {
    /// A path with ids.
    fn path(&self, path: &str) -> String {
        let part = |part| match part {
            "{coupon_list_id}" => self.list.as_str(),
            "{coupon_file_id}" => self.file.as_str(),
            "{allocation_id}" => self.allocation.as_str(),
            "{code}" => self.code.as_str(),
            other if other.starts_with('{') => NOBODY,
            other => other,
        };
        path.split('/').map(part).collect::<Vec<&str>>().join("/")
    }

    /// A body that the route takes: there is something to write.
    fn body(&self, method: &Method, path: &str) -> Option<Value> {
        let Self {
            list,
            allocation,
            url,
            day,
            name,
            ..
        } = self;
        let is_of_many = path.ends_with("/allocations/confirm") || path.ends_with("/allocations/release");
        let end = path.rsplit('/').next().unwrap_or_default();
        Some(match (method.as_str(), end) {
            ("GET" | "DELETE", _) => return None,
            ("POST", "coupon-list") => {
                json!({"name": name, "label": name, "expires_at": "2099-12-31", "created_by": "chaos"})
            }
            ("PATCH", _) => json!({"expires_at": "2098-12-31"}),
            ("PUT", "activate") => json!({"expires_at": "2099-12-31"}),
            ("POST", "files") => json!({"file_url": url}),
            ("POST", "usage-report") => {
                json!({"start_date": day, "end_date": day, "email_subscribers": ["ada@example.com"]})
            }
            ("POST", "allocations") => json!({"user_id": "somebody else"}),
            ("POST", "batch") => json!({"recipients": [{"user_id": "a third"}, {"user_id": "a fourth"}]}),
            ("POST", "bulk-actions") => json!({"action": "release", "campaign_id": "nobody's"}),
            ("POST", "capacity-check") => json!({"plans": [{"coupon_list_id": list, "planned": 5}]}),
            _ if is_of_many => json!({"allocation_ids": [allocation]}),
            _ => json!({}),
        })
    }
}

/// What was found in all ways that something was broken in.
#[derive(Debug, Default)]
pub(super) struct Found {
    ways: u64,
    requests: u64,
    done: u64,
    refused: u64,
    slowest: Duration,
    recovery: Duration,
    pub(super) violations: Vec<String>,
}

impl Found {
    pub(super) fn verdict(self, guarantee: &'static str, more: &[(&'static str, u64)]) -> Verdict {
        let mut figures = vec![
            ("ways", self.ways),
            ("requests", self.requests),
            ("answered 503", self.refused),
            ("done all the same", self.done),
            ("ms to an answer, at most", millis(self.slowest)),
            ("ms to recover, at most", millis(self.recovery)),
        ];
        figures.extend(more);
        Verdict::new(guarantee, figures, self.violations)
    }

    pub(super) async fn ask_all(&mut self, stand: &Stand, requests: &[Request], what: &str) {
        self.ask_all_within(stand, requests, what, ANSWERED_WITHIN).await;
    }

    /// The same where each of a route's statements comes in time, and together they may take longer.
    pub(super) async fn ask_all_within(
        &mut self,
        stand: &Stand,
        requests: &[Request],
        what: &str,
        limit: Duration,
    ) {
        self.ways += 1;
        for (server, part) in stand.servers.iter().cycle().zip(requests.chunks(AT_ONCE)) {
            let mut asking = JoinSet::new();
            for request in part.iter().cloned() {
                let client = server.client.clone();
                asking.spawn(async move { one(&client, request, limit).await });
            }
            for (status, took, wrong) in asking.join_all().await {
                self.requests += 1;
                self.refused += u64::from(status == Some(503));
                self.done += u64::from(status.is_some_and(|status| status < 300));
                self.slowest = self.slowest.max(took);
                self.violations
                    .extend(wrong.map(|wrong| format!("{what}: {wrong}")));
            }
        }
    }

    /// Waits until every server hands out codes.
    pub(super) async fn recover(&mut self, stand: &Stand, list: &str, what: &str) {
        let began = Instant::now();
        for (n, server) in stand.servers.iter().enumerate() {
            let body = json!({"user_id": format!("{what} {n}")});
            let path = format!("{list}/allocations");
            while ask(&server.client, Method::POST, &path, Some(&body))
                .await
                .is_none_or(|answer| answer.status != 201 && answer.status != 200)
            {
                if began.elapsed() > 3 * WELL_WITHIN {
                    break;
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        let took = began.elapsed();
        self.recovery = self.recovery.max(took);
        if took > WELL_WITHIN {
            self.violations
                .push(format!("{what}: codes went out again after {took:?}"));
        }
    }
}

/// The answer's status, how long it took, and what is wrong with it.
async fn one(client: &Client, request: Request, limit: Duration) -> (Option<u16>, Duration, Option<String>) {
    let Request { method, path, body } = request;
    let began = Instant::now();
    let answer = ask(client, method.clone(), &path, body.as_ref()).await;
    let took = began.elapsed();
    let wrong = match &answer {
        None => Some("was not answered"),
        Some(answer) if answer.status >= 500 && answer.status != 503 => Some("was answered by a fault"),
        Some(answer) if answer.status == 503 && answer.retry_after.is_none() => Some("has no Retry-After"),
        Some(_) if took > limit => Some("was answered late"),
        Some(_) => None,
    };
    let status = answer.map(|answer| answer.status);
    let wrong = wrong.map(|wrong| format!("{method} {path} {wrong}: {status:?} after {took:?}"));
    (status, took, wrong)
}
