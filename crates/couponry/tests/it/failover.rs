//! A database that fails over, or is restored: nothing that is out goes out again. With a real primary, standby and backup.

use std::io::Write as _;

use chaos::{
    gate::Gate,
    postgres::{Place, Postgres},
};
use serde_json::{Value, json};

use crate::app::{Answer, Client, Pooler, TestApp, codes, send, text, until};

const CODES: usize = 40;

/// A primary with a standby, a gate that leads to the primary, and a server that comes by it.
struct Pair {
    place: Place,
    primary: Postgres,
    standby: Postgres,
    gate: Gate,
    app: TestApp,
}

impl Pair {
    async fn start(synchronous: bool, settings: &[(&str, &str)]) -> Self {
        let place = Place::new().unwrap();
        let mut primary = place.cluster("primary").unwrap();
        primary.start().await.unwrap();
        let mut standby = place.backup(&primary, "standby").unwrap();
        standby.follow(&primary).unwrap();
        standby.start().await.unwrap();
        if synchronous {
            primary
                .sql("alter system set synchronous_standby_names = 'standby'")
                .unwrap();
            primary.sql("select pg_reload_conf()").unwrap();
            until("the standby to be synchronous", async || {
                let state = primary.sql("select sync_state from pg_stat_replication");
                state.unwrap() == "sync"
            })
            .await;
        }
        let gate = Gate::open(primary.address()).await.unwrap();
        let app = behind(&gate.url(), settings).await;
        Self {
            place,
            primary,
            standby,
            gate,
            app,
        }
    }

    /// From now on the standby lacks what is committed.
    async fn cut_link(&self) {
        self.standby.catch_up(&self.primary).await.unwrap();
        self.standby.lose_primary().await.unwrap();
    }

    /// The primary dies, and the standby takes its place.
    async fn fail_over(&mut self) {
        self.primary.kill().await.unwrap();
        self.standby.promote().await.unwrap();
        self.gate.lead_to(self.standby.address());
    }
}

async fn behind(url: &str, settings: &[(&str, &str)]) -> TestApp {
    TestApp::start_with(|environment| {
        environment.insert("DATABASE_URL".to_owned(), url.to_owned());
        for (name, value) in settings {
            environment.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await
}

async fn ask(client: &Client, list: &str, user: &str) -> Answer {
    let path = format!("/coupon-list/{list}/allocations");
    client.post(&path, &json!({"user_id": user})).await
}

/// The code, whether it is a new one or the same again.
async fn code_of(client: &Client, list: &str, user: &str) -> String {
    let answer = ask(client, list, user).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    let answer: Value = serde_json::from_str(&answer.text).unwrap();
    text(&answer["coupon_code"]).to_owned()
}

/// Once the connections that broke are replaced.
async fn settled(client: &Client, list: &str, user: &str) -> Answer {
    let mut answer = ask(client, list, user).await;
    until("the database to be there again", async || {
        answer = ask(client, list, user).await;
        !answer.text.contains("service-unavailable")
    })
    .await;
    answer
}

/// Nobody gets a new code, on a server that was there before and on one that comes new.
async fn expect_paused(app: &TestApp, list: &str, reason: &str) {
    let fresh = app.another_server().await;
    for server in [app, &*fresh] {
        let answer = settled(server, list, "somebody new").await;
        answer.expect_error(503, "allocation-paused");
        assert_eq!(answer.header("retry-after"), Some("10"));
        let batch = json!({"recipients": [{"user_id": "somebody new"}], "on_shortage": "reject"});
        let path = format!("/coupon-list/{list}/allocations/batch");
        let answer = server.post(&path, &batch).await;
        answer.expect_error(503, "allocation-paused");
        let ready = send(server.anonymous(reqwest::Method::GET, "/readyz")).await;
        assert_eq!(ready.expect(200)["status"], "paused");
    }
    let shown = app.command(&["database", "show"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["paused"], reason, "{shown}");
}

fn acknowledge(app: &TestApp, choice: &[&str]) -> String {
    let done = app.command(&[&["database", "acknowledge"], choice].concat());
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{why}");
    said
}

/// The first answer after the outage is a code. It may be one that a request before took, whose answer was lost.
async fn goes_on(client: &Client, list: &str, user: &str) {
    let answer = settled(client, list, user).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
}

async fn until_handed_out(client: &Client, list: &str, user: &str) {
    until("codes to be handed out again", async || {
        let answer = ask(client, list, user).await;
        matches!(answer.status, 200 | 201)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_asynchronous_failover_nothing_new_goes_out_until_the_lost_codes_are_set_aside() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let anns = code_of(&pair.app, &list, "ann").await;
    let held = json!({"user_id": "hal", "hold_seconds": 60});
    let path = format!("/coupon-list/{list}/allocations");
    let hals = pair.app.post(&path, &held).await.expect(201);
    pair.cut_link().await;
    let mut lost = Vec::new();
    for user in ["bob", "eve", "joe"] {
        lost.push(code_of(&pair.app, &list, user).await);
    }
    pair.app.settle(&list, "confirm", &hals).await.expect(200);
    pair.fail_over().await;
    expect_paused(&pair.app, &list, "loss").await;
    assert_eq!(code_of(&pair.app, &list, "ann").await, anns);

    let undecided = pair.app.command(&["database", "acknowledge"]);
    assert!(!undecided.status.success());
    expect_paused(&pair.app, &list, "loss").await;
    let said = acknowledge(&pair.app, &["--set-aside", "3"]);
    assert!(said.contains("\"set_aside\":3,\"holds_kept\":1"), "{said}");
    let fresh = pair.app.another_server().await;
    until_handed_out(&pair.app, &list, "bob").await;
    let mut given = vec![anns, text(&hals["coupon_code"]).to_owned()];
    for (server, user) in [(&*pair.app, "bob"), (&fresh, "eve"), (&pair.app, "joe")] {
        given.push(code_of(server, &list, user).await);
    }
    given.extend(lost);
    // Nothing that was answered went out again, and everybody else can be served.
    for user in 0..CODES - given.len() {
        given.push(code_of(&pair.app, &list, &format!("user {user}")).await);
    }
    let all = given.len();
    given.sort_unstable();
    given.dedup();
    assert_eq!((given.len(), all), (CODES, CODES));
    ask(&pair.app, &list, "one too many")
        .await
        .expect_error(409, "coupons-exhausted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_gives_the_lost_codes_back_to_those_who_have_them() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let anns = code_of(&pair.app, &list, "ann").await;
    pair.cut_link().await;
    code_of(&pair.app, &list, "not in the journal").await;
    let bobs = code_of(&pair.app, &list, "bob").await;
    let eves = json!({"user_id": "eve", "request_id": "m-1", "campaign_id": "c-1"});
    let path = format!("/coupon-list/{list}/allocations");
    let eves_code = pair.app.post(&path, &eves).await.expect(201)["coupon_code"].clone();
    pair.fail_over().await;
    expect_paused(&pair.app, &list, "loss").await;

    let mut journal = tempfile::NamedTempFile::new().unwrap();
    writeln!(journal, "coupon_list_id,code,user_id,request_id,campaign_id").unwrap();
    writeln!(journal, "{list},{anns},ann,,").unwrap();
    writeln!(journal, "{list},{bobs},bob,,").unwrap();
    writeln!(journal, "{list},{},eve,m-1,c-1", text(&eves_code)).unwrap();
    writeln!(journal, "{list},{anns},somebody else,,").unwrap();
    let file = journal.path().to_str().unwrap();
    let refused = pair.app.command(&["database", "acknowledge", "--journal", file]);
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("[5]"), "{why}");
    expect_paused(&pair.app, &list, "loss").await;

    let kept = std::fs::read_to_string(journal.path()).unwrap();
    let kept: Vec<&str> = kept.lines().take(4).collect();
    std::fs::write(journal.path(), kept.join("\n")).unwrap();
    let said = acknowledge(&pair.app, &["--journal", file]);
    assert!(said.contains("\"known\":3"), "{said}");
    until_handed_out(&pair.app, &list, "somebody new").await;
    assert_eq!(code_of(&pair.app, &list, "bob").await, bobs);
    let again = pair.app.post(&path, &eves).await.expect(200);
    assert_eq!(again["coupon_code"], eves_code);
    // The four, the one between them, and the newcomer's.
    assert_eq!(pair.app.stock(&list).await[1], i64::try_from(CODES).unwrap() - 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_synchronous_standby_servers_that_are_told_so_go_on_by_themselves() {
    let mut pair = Pair::start(true, &[("COUPONRY_AFTER_PROMOTION", "continue")]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let mut given = Vec::new();
    for user in 0..10 {
        given.push(code_of(&pair.app, &list, &format!("user {user}")).await);
    }
    pair.fail_over().await;
    // The new primary waits for nobody.
    pair.standby
        .sql("alter system set synchronous_standby_names = ''")
        .unwrap();
    pair.standby.sql("select pg_reload_conf()").unwrap();
    goes_on(&pair.app, &list, "user 10").await;
    for (user, code) in given.iter().enumerate() {
        assert_eq!(&code_of(&pair.app, &list, &format!("user {user}")).await, code);
    }
    // Told otherwise, the next promotion is somebody's to acknowledge.
    let shown = pair.app.command(&["database", "show"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["paused"], &shown["timeline"]), (&Value::Null, &json!(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_go_on_by_themselves_do_not_where_an_allocation_of_theirs_is_missing() {
    let mut pair = Pair::start(false, &[("COUPONRY_AFTER_PROMOTION", "continue")]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    pair.cut_link().await;
    code_of(&pair.app, &list, "bob").await;
    pair.fail_over().await;
    // Known first to the one that misses it, and by it to all.
    settled(&pair.app, &list, "bob")
        .await
        .expect_error(503, "allocation-paused");
    expect_paused(&pair.app, &list, "loss").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_leads_to_another_server_hides_nothing() {
    let mut pair = Pair::start(false, &[]).await;
    let pooler = Pooler::before(&pair.gate.url());
    let app = behind(
        pooler.url(),
        &[("COUPONRY_DATABASE_DIRECT_URL", &pair.gate.url())],
    )
    .await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let anns = code_of(&app, &list, "ann").await;
    pair.cut_link().await;
    code_of(&app, &list, "bob").await;
    pair.fail_over().await;
    settled(&app, &list, "bob")
        .await
        .expect_error(503, "allocation-paused");
    assert_eq!(code_of(&app, &list, "ann").await, anns);
    acknowledge(&pair.app, &["--set-aside", "1"]);
    until_handed_out(&app, &list, "bob").await;
}

/// Nothing about the server tells: cluster and timeline are what they were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_put_in_the_place_of_the_data_is_noticed_by_a_server_that_stayed_up() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let backup = pair.place.backup(&pair.primary, "backup").unwrap();
    code_of(&pair.app, &list, "bob").await;
    pair.primary.stop().unwrap();
    pair.primary.restore(&backup).unwrap();
    pair.primary.start().await.unwrap();
    // Known first to the one that stayed up, and by it to all.
    settled(&pair.app, &list, "bob")
        .await
        .expect_error(503, "allocation-paused");
    expect_paused(&pair.app, &list, "loss").await;
    acknowledge(&pair.app, &["--set-aside", "1"]);
    until_handed_out(&pair.app, &list, "bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_restored_to_a_point_in_time_is_noticed_by_a_server_that_comes_new() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    let mut backup = pair.place.backup(&pair.primary, "backup").unwrap();
    code_of(&pair.app, &list, "bob").await;
    pair.app.kill();
    backup.recover().unwrap();
    backup.start().await.unwrap();
    pair.gate.lead_to(backup.address());
    pair.app.restart().await;
    expect_paused(&pair.app, &list, "other-timeline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_is_noticed_wherever_it_is_restored() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    code_of(&pair.app, &list, "ann").await;
    let mut elsewhere = pair.place.cluster("elsewhere").unwrap();
    elsewhere.start().await.unwrap();
    elsewhere.restore_dump(&pair.primary).unwrap();
    code_of(&pair.app, &list, "bob").await;
    pair.gate.lead_to(elsewhere.address());
    expect_paused(&pair.app, &list, "loss").await;
    // Where nobody remembers anything, the cluster is another one.
    elsewhere
        .sql("update deployment set loss_noticed_at = null")
        .unwrap();
    pair.app.kill();
    pair.app.restart().await;
    expect_paused(&pair.app, &list, "other-cluster").await;
    acknowledge(&pair.app, &["--set-aside", "1"]);
    until_handed_out(&pair.app, &list, "bob").await;

    // Beside the original: the cluster is the same one, the tables are not.
    elsewhere
        .sql("create schema original; alter table deployment set schema original")
        .unwrap();
    elsewhere
        .sql("create table deployment (like original.deployment including all)")
        .unwrap();
    elsewhere
        .sql("insert into deployment select * from original.deployment")
        .unwrap();
    pair.app.kill();
    pair.app.restart().await;
    expect_paused(&pair.app, &list, "copy").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinary_restart_and_a_crash_pause_nothing() {
    let mut pair = Pair::start(false, &[]).await;
    let list = pair.app.list_with(&codes("A", CODES)).await;
    code_of(&pair.app, &list, "ann").await;
    pair.primary.kill().await.unwrap();
    pair.primary.start().await.unwrap();
    goes_on(&pair.app, &list, "bob").await;
    pair.primary.stop().unwrap();
    pair.primary.start().await.unwrap();
    goes_on(&pair.app, &list, "eve").await;
}
