//! A database that falls silent: connections that neither answer nor end. Requests hear of it within seconds, and
//! everything goes on by itself as soon as the database can be reached again.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::app::{Client, DatabaseProxy, TestApp, Way, codes, send, text, until};

/// A little more than the five seconds of the promise: this machine may be busy with other tests.
const ANSWERED_WITHIN: Duration = Duration::from_secs(6);
/// And than the ten.
const GOES_ON_WITHIN: Duration = Duration::from_secs(12);
const CLIENTS: usize = 12;

#[tokio::test]
async fn hand_outs_go_on_when_open_connections_do_not_hear_questions() {
    goes_on_beside_silent_connections(Way::NoQuestion).await;
}

#[tokio::test]
async fn hand_outs_go_on_when_open_connections_send_no_answers() {
    goes_on_beside_silent_connections(Way::NoAnswer).await;
}

#[tokio::test]
async fn hand_outs_go_on_when_open_connections_send_half_an_answer() {
    goes_on_beside_silent_connections(Way::HalfAnAnswer).await;
}

/// Connections that are open fall silent twice while many clients ask; new ones work.
async fn goes_on_beside_silent_connections(way: Way) {
    let proxy = DatabaseProxy::start().await;
    let app = TestApp::start_with(|environment| proxy.stand_in(environment)).await;
    let list = app.list_with(&codes("C", 3_000)).await;
    for round in 0..2 {
        let clients = Clients::start(&app, &list, round);
        clients.have_codes(CLIENTS * 5).await;
        proxy.silence_open_connections(way);
        let silent_since = Instant::now();
        clients.have_codes(CLIENTS * 5).await;
        assert!(
            silent_since.elapsed() < GOES_ON_WITHIN,
            "{:?}",
            silent_since.elapsed()
        );
        until("the server to be ready", async || is_ready(&app).await).await;
        clients.stop().await.check();
        eprintln!(
            "{way:?}: codes again {:?} after the silence",
            silent_since.elapsed()
        );
    }
    // Workers, leases and LISTEN lost their connections too.
    app.load_codes(&list, &codes("D", 10)).await;
}

#[tokio::test]
async fn nobody_waits_for_a_database_that_is_wholly_silent() {
    let proxy = DatabaseProxy::start().await;
    let app = TestApp::start_with(|environment| proxy.stand_in(environment)).await;
    let list = app.list_with(&codes("C", 1_000)).await;
    let clients = Clients::start(&app, &list, 0);
    clients.have_codes(CLIENTS).await;
    proxy.silence_all(Way::NoAnswer);
    let silent_since = Instant::now();
    until("the server not to be ready", async || !is_ready(&app).await).await;
    assert!(
        silent_since.elapsed() < ANSWERED_WITHIN,
        "{:?}",
        silent_since.elapsed()
    );
    for (method, path) in [
        (Method::GET, format!("/coupon-list/{list}")),
        (Method::GET, format!("/coupon-list/{list}/stock")),
        (Method::PUT, format!("/coupon-list/{list}/archive")),
        (Method::GET, "/coupon-list".to_owned()),
    ] {
        let asked = Instant::now();
        let answer = send(app.request(method, &path)).await;
        answer.expect_error(503, "service-unavailable");
        assert!(answer.header("retry-after").is_some());
        assert!(asked.elapsed() < ANSWERED_WITHIN, "{path}: {:?}", asked.elapsed());
    }
    proxy.let_new_ones_through();
    let reachable_since = Instant::now();
    clients.have_codes(CLIENTS).await;
    assert!(
        reachable_since.elapsed() < GOES_ON_WITHIN,
        "{:?}",
        reachable_since.elapsed()
    );
    eprintln!(
        "wholly silent: codes again {:?} after the silence",
        reachable_since.elapsed()
    );
    until("the server to be ready", async || is_ready(&app).await).await;
    clients.stop().await.check();
    app.load_codes(&list, &codes("D", 10)).await;
}

async fn is_ready(app: &TestApp) -> bool {
    send(app.anonymous(Method::GET, "/readyz")).await.status == 200
}

/// Clients that ask for one code after the other, each again and again with the same request id until it has one.
struct Clients {
    tasks: JoinSet<Vec<(String, String)>>,
    stop: tokio::sync::watch::Sender<bool>,
    had: tokio::sync::watch::Receiver<usize>,
}

/// Who got what.
struct History(Vec<(String, String)>);

impl Clients {
    fn start(app: &TestApp, list: &str, round: usize) -> Self {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (has, had) = tokio::sync::watch::channel(0);
        let mut tasks = JoinSet::new();
        for client in 0..CLIENTS {
            let (api, list): (Client, String) = ((**app).clone(), list.to_owned());
            let (stopped, has) = (stopped.clone(), has.clone());
            tasks.spawn(async move {
                let mut got = Vec::new();
                while !*stopped.borrow() {
                    let key = format!("round-{round}-client-{client}-{}", got.len());
                    got.push((key.clone(), a_code(&api, &list, &key).await));
                    has.send_modify(|codes| *codes += 1);
                }
                got
            });
        }
        Self { tasks, stop, had }
    }

    /// Waits until they have so many codes more.
    async fn have_codes(&self, more: usize) {
        let mut had = self.had.clone();
        let goal = *had.borrow() + more;
        crate::app::in_time("codes", had.wait_for(|codes| *codes >= goal))
            .await
            .unwrap();
    }

    async fn stop(self) -> History {
        self.stop.send_replace(true);
        History(self.tasks.join_all().await.into_iter().flatten().collect())
    }
}

/// The code of this request id. Each answer comes in time, whatever it is.
async fn a_code(api: &Client, list: &str, key: &str) -> String {
    loop {
        let asked = Instant::now();
        let answer = api
            .allocate(list, &json!({"user_id": key, "request_id": key}))
            .await;
        assert!(asked.elapsed() < ANSWERED_WITHIN, "{key}: {:?}", asked.elapsed());
        match answer.status {
            200 | 201 => return text(&answer.expect(answer.status)["coupon_code"]).to_owned(),
            _ => drop(answer.expect_error(503, "service-unavailable")),
        }
    }
}

impl History {
    /// No code has two owners.
    fn check(self) {
        let mut owners: HashMap<String, String> = HashMap::new();
        for (key, code) in self.0 {
            let other = owners.insert(code.clone(), key.clone());
            assert!(other.is_none(), "{code} went to {key} and to {other:?}");
        }
    }
}
