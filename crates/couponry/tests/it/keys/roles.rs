//! Every endpoint of the program's own table, asked by keys of every role and of certain lists.

use api::{ENDPOINTS, Endpoint};
use domain::KeyRole;
use reqwest::Method;
use serde_json::Value;

use super::{client, create};
use crate::{
    app::{Answer, Client, TestApp, codes, send, texts},
    endpoints::{UNKNOWN_CODE, endpoints},
};

/// A list with a file, whose ids go into paths.
struct Things {
    list: String,
    file: String,
}

impl Things {
    async fn of(app: &TestApp) -> Self {
        let list = app.create_list().await;
        let file = app.load_codes(&list, &codes("A", 3)).await;
        Self { list, file }
    }

    fn path(&self, endpoint: &Endpoint) -> String {
        let path = endpoint.path.trim_start_matches("/v1");
        let path = path.replace("{coupon_list_id}", &self.list);
        let path = path.replace("{coupon_file_id}", &self.file);
        let path = path
            .replace("{code}", UNKNOWN_CODE)
            .replace("{user_id}", "nobody");
        ["{report_id}", "{allocation_id}", "{token_id}", "{bulk_action_id}"]
            .iter()
            .fold(path, |path, name| path.replace(name, texts::UNKNOWN_ID))
    }

    /// With a good body, where it takes one.
    async fn ask(&self, client: &Client, endpoint: &Endpoint) -> Answer {
        let path = self.path(endpoint);
        let method: Method = endpoint.method.as_str().parse().unwrap();
        let known = endpoints(&self.list, &self.file);
        let mut known = known.into_iter();
        let body: Option<Value> = known
            .find(|(other, asked, ..)| *other == method && *asked == path)
            .unwrap_or_else(|| panic!("the suite does not know {method} {path}"))
            .2;
        let request = client.request(method, &path);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }
}

fn guarded() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().filter(|endpoint| endpoint.needs.is_some())
}

fn called(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}

/// What is not refused may fail for other reasons: the things are not there, or came to their end before.
fn expect_admitted(answer: &Answer, what: &str) {
    assert!(
        ![401, 403, 405].contains(&answer.status) && answer.status < 500,
        "{what}: {} {}",
        answer.status,
        answer.text
    );
}

#[tokio::test]
async fn each_role_may_what_the_table_says() {
    let app = TestApp::start().await;
    let things = Things::of(&app).await;
    let mut refused = 0;
    for role in KeyRole::ALL {
        let key = create(&app, "x", &["--role", role.as_str()]);
        let client = client(&app, &key);
        for endpoint in guarded() {
            let what = format!("{role}: {}", called(endpoint));
            let answer = things.ask(&client, endpoint).await;
            let needed = endpoint.needs.unwrap();
            if role >= needed {
                expect_admitted(&answer, &what);
            } else {
                let message = answer.expect_error(403, "request-forbidden");
                assert!(message.contains(needed.as_str()), "{what}: {message}");
                refused += 1;
            }
        }
        if role < KeyRole::Manage {
            // Nothing that was refused has happened, and nothing goes out by looking.
            let left = if role == KeyRole::Read { 3 } else { 2 };
            assert_eq!(app.counts(&things.list).await, (3, left), "{role}");
            assert_eq!(app.file(&things.list, &things.file).await["status"], "SUCCESS");
            assert_eq!(app.list(&things.list).await["status"], "ACTIVE");
        }
    }
    assert!(refused > 40, "{refused} were refused");
}

#[tokio::test]
async fn what_only_reads_is_a_get_or_asks_whether_plans_fit() {
    for endpoint in guarded().filter(|endpoint| endpoint.needs == Some(KeyRole::Read)) {
        let what = called(endpoint);
        assert!(
            endpoint.method.as_str() == "GET" || endpoint.path == "/v1/capacity-check",
            "{what}"
        );
        for secret in ["secret", "pull-token", "codes/export", "audit"] {
            assert!(!endpoint.path.contains(secret), "{what}");
        }
    }
}

#[tokio::test]
async fn for_a_key_of_certain_lists_the_others_are_not_there() {
    let app = TestApp::start().await;
    let (mine, theirs) = (Things::of(&app).await, Things::of(&app).await);
    let nothing = Things {
        list: texts::UNKNOWN_ID.to_owned(),
        file: theirs.file.clone(),
    };
    let before = app.list(&theirs.list).await;
    let key = create(&app, "one list", &["--list", &mine.list]);
    let client = client(&app, &key);
    let mut of_lists = 0;
    for endpoint in guarded() {
        let what = called(endpoint);
        if endpoint.of_all_lists {
            let answer = mine.ask(&client, endpoint).await;
            let message = answer.expect_error(403, "request-forbidden");
            assert!(message.contains("certain coupon lists"), "{what}: {message}");
            continue;
        }
        if endpoint.path.contains("{coupon_list_id}") || endpoint.path == "/v1/capacity-check" {
            let answer = theirs.ask(&client, endpoint).await;
            assert_eq!(answer.status, 404, "{what}: {}", answer.text);
            assert_eq!(answer.text, nothing.ask(&client, endpoint).await.text, "{what}");
            of_lists += 1;
        }
        expect_admitted(&mine.ask(&client, endpoint).await, &what);
    }
    assert!(of_lists > 30, "{of_lists}");
    assert_eq!(app.list(&theirs.list).await, before);
    assert_eq!(app.file(&theirs.list, &theirs.file).await["status"], "SUCCESS");
}
