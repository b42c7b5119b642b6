//! What a server writes: one JSON object a line, and nothing that is secret.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::app::{
    API_KEY, Collector, Credentials, FileHost, MailHost, Page, TestApp, WORKSPACE, a_list, codes, csv, send,
    text, wait_for, with,
};

const PASSWORD: &str = "host-password-5d1b";
const SIGNATURE: &str = "f00dfeed5ignature";
const WRONG_KEY: &str = "guessed-key-77aa";
const USER: &str = "user-canary-0815";
const SUBSCRIBER: &str = "canary.subscriber@example.com";
const SMTP_PASSWORD: &str = "smtp-password-93ce";
const LIST_NAME: &str = "list-canary-9f3b";
const FILE_NAME: &str = "file-canary-4c1d";
const PERSON: &str = "canary.person@example.com";
const CONSOLE_PASSWORD: &str = "console-password-canary-21e7";
const DATABASE_PASSWORD: &str = "database-password-c0de";

/// Whatever the API can do, with something secret in every place that takes one; the secrets that came up on the way.
async fn everything(app: &TestApp, mail: &MailHost) -> Vec<String> {
    let host = FileHost::start().await;
    let mut secrets = codes("CANARY", 200);
    let alerts = json!({"email_alert_subscribers": [SUBSCRIBER],
                        "alert_conditions": {"success_alert": true, "failure_alert": true},
                        "name": LIST_NAME});
    let list = app.create_list_from(&with(a_list(), alerts)).await;
    let file = files(app, &host, &list, &secrets).await;
    allocations(app, &list).await;
    secrets.extend(tokens(app, &list).await);
    secrets.push(report(app, mail, &list).await);
    secrets.extend(host.visits("/told").iter().flat_map(|told| {
        let signatures = told.header("webhook-signature").unwrap().to_owned();
        signatures.split(' ').map(str::to_owned).collect::<Vec<_>>()
    }));

    let stranger = app.with_credentials(Credentials::new(WORKSPACE, WRONG_KEY));
    stranger.get("/coupon-list").await.error();
    app.delete_file(&list, &file).await;
    app.archive(&list).await;
    app.jobs_done().await;
    secrets
}

/// Fetched with a password and a signature, told by a callback; good, bad and away. The good one's id.
async fn files(app: &TestApp, host: &FileHost, list: &str, all: &[String]) -> String {
    let known = Credentials::new("host-reader", PASSWORD);
    let protected = host.answer("/codes.csv", Page::Behind(known.clone(), csv(all)));
    let told = Page::in_turn([Page::status(500), Page::status(204)]);
    let login = json!({
        "file_url": format!("{protected}?X-Amz-Signature={SIGNATURE}"),
        "name": FILE_NAME,
        "file_url_auth_username": known.workspace, "file_url_auth_password": PASSWORD,
        "callback_url": host.answer("/told", told) + "?token=" + SIGNATURE,
    });
    let good = app.upload_from(list, &login).await;
    assert_eq!(app.finished(list, &good).await["status"], "SUCCESS");
    let bad_rows = csv(&[format!("{}\u{7}", all[0]), all[1].clone()]);
    let without_header = Page::File(all.join("\n").into());
    for page in [
        Page::File(bad_rows),
        without_header,
        Page::Cut(csv(all)),
        Page::status(404),
    ] {
        let url = host.answer("/bad.csv", page) + "?token=" + SIGNATURE;
        let file = app
            .upload_from(list, &with(login.clone(), json!({"file_url": url})))
            .await;
        assert_eq!(app.finished(list, &file).await["status"], "FAILED");
    }
    let with_password = json!({"file_url": format!("http://u:{PASSWORD}@files.example.com/")});
    app.post(&format!("/coupon-list/{list}/files"), &with_password)
        .await
        .expect_error(400, "invalid-request");
    good
}

async fn allocations(app: &TestApp, list: &str) {
    app.take(list, USER).await;
    let body = json!({"user_id": USER, "request_id": "r", "hold_seconds": 60});
    app.allocate(list, &body).await.expect(201);
    app.allocate(list, &with(body, json!({"user_id": "other"})))
        .await
        .expect_error(409, "request-conflict");
    app.take_many(list, USER, 50).await;
    app.allocate(list, &json!({"user_id": format!("{USER}\u{0}")}))
        .await
        .expect_error(400, "invalid-request");
}

/// A pull token that gave a code, and the secret of callbacks.
async fn tokens(app: &TestApp, list: &str) -> [String; 2] {
    let token = app.pull_token(list, &json!({})).await;
    let token = text(&token["token"]).to_owned();
    for query in ["user_id=", "user_id=%00", "preview=1&user_id="] {
        send(app.anonymous(Method::GET, &format!("/v1/pull/{token}?{query}{USER}"))).await;
    }
    let made = send(app.request(Method::POST, "/webhook-secret"))
        .await
        .expect(200);
    [
        token,
        text(&made["secret"]).trim_start_matches("whsec_").to_owned(),
    ]
}

/// A report whose mail has a link, because it is said to be large; the link's signature.
async fn report(app: &TestApp, mail: &MailHost, list: &str) -> String {
    mail.nth(5).await;
    mail.be_away(true);
    let today = app.database.instant_in(0).await[..10].to_owned();
    let body = json!({"start_date": today, "end_date": today, "email_subscribers": [SUBSCRIBER]});
    app.post(&format!("/coupon-list/{list}/usage-report"), &body)
        .await
        .expect(200);
    mail.turned_somebody_away().await;
    let mut session = app.database.connect().await;
    let say_size = async |session: &mut sqlx::PgConnection, bytes: &'static str| {
        sqlx::raw_sql(bytes).execute(session).await.unwrap();
    };
    say_size(
        &mut session,
        "update usage_report set bytes = bytes + 1000000000, gzip_bytes = gzip_bytes + 1000000000",
    )
    .await;
    mail.be_away(false);
    let letter = mail.mail_about("Usage report of ").await;
    say_size(
        &mut session,
        "update usage_report set bytes = bytes - 1000000000, gzip_bytes = gzip_bytes - 1000000000",
    )
    .await;
    let plain = letter.text("text/plain");
    let link = plain.lines().find(|line| line.starts_with("http")).unwrap();
    let path = &link[link.find("/v1/").unwrap()..];
    assert_eq!(send(app.anonymous(Method::GET, path)).await.status, 200);
    path.split_once("signature=").unwrap().1.to_owned()
}

/// A sign-in to the console that is refused, and one by a link; its token and the cookie of the session.
async fn sign_in(app: &TestApp) -> Vec<String> {
    app.fill(
        None,
        "/sign-in",
        &[("email", PERSON), ("password", CONSOLE_PASSWORD)],
    )
    .await;
    let visitor = app.visitor("canary", Some("admin")).await;
    assert_eq!(
        app.look(&visitor, &format!("/w/{WORKSPACE}/lists")).await.status,
        200
    );
    let cookie = visitor.cookie().trim_start_matches("couponry=").to_owned();
    vec![cookie]
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn no_secret_reaches_the_logs_even_at_trace() {
    let (mail, collector) = (MailHost::start().await, Collector::start().await);
    let mut app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_LOG".to_owned(), "trace".to_owned());
        collector.collect_from(environment);
        mail.relay_with_login_for(environment, &format!("relay-user:{SMTP_PASSWORD}@"));
        let url = environment.get_mut("DATABASE_URL").unwrap();
        // Over a socket that trusts everyone the password is sent to nobody, but it is part of the URL.
        *url = format!("{url}&password={DATABASE_PASSWORD}");
    })
    .await;
    let mut secrets = everything(&app, &mail).await;
    secrets.extend(sign_in(&app).await);
    let metrics = wait_for("metrics that name a list", async || {
        let metrics = send(app.anonymous(Method::GET, "/metrics")).await.text;
        metrics.contains("couponry_list_available{").then_some(metrics)
    })
    .await;
    let basic = [
        app.credentials.basic(),
        Credentials::new(WORKSPACE, WRONG_KEY).basic(),
        Credentials::new("host-reader", PASSWORD).basic(),
    ];
    secrets.extend(basic.map(|basic| basic.trim_start_matches("Basic ").to_owned()));
    let login = format!("\0relay-user\0{SMTP_PASSWORD}");
    secrets.push(BASE64_STANDARD.encode(login));
    secrets.extend(
        [
            API_KEY, PASSWORD, SIGNATURE, WRONG_KEY, USER, SUBSCRIBER, LIST_NAME, FILE_NAME,
        ]
        .map(str::to_owned),
    );
    secrets.extend([PERSON, CONSOLE_PASSWORD, SMTP_PASSWORD, DATABASE_PASSWORD].map(str::to_owned));
    secrets.push(app.database.url());
    // To its end, so that nothing is missed.
    app.terminate();
    app.ended().await;
    app.restart().await;

    let lines = [app.output().log_lines(), app.output().stdout_lines()].concat();
    assert!(lines.len() > 20, "trace says more than this: {lines:#?}");
    let collected = collector.everything();
    for said in [
        "GET /v1/pull/{token}",
        "call_back",
        "send_mail",
        "couponry.allocations",
    ] {
        assert!(collected.contains(said), "{said} was not collected");
    }
    let lines = [lines, vec![collected, metrics]].concat();
    for line in &lines {
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

/// The lines of requests that a server with this setting wrote, while somebody administered and somebody sent.
async fn request_lines(log: Option<&str>) -> Vec<Value> {
    let mut app = TestApp::start_with(|environment| {
        environment.extend(log.map(|log| ("COUPONRY_LOG".to_owned(), log.to_owned())));
    })
    .await;
    let list = app.list_with(&["A-1", "A-2"]).await;
    app.take(&list, "u-1").await;
    app.take_many(&list, "u-2", 1).await;
    app.allocate(&list, &json!({"user_id": "u-3"})).await.error();
    let stranger = app.with_credentials(Credentials::new(WORKSPACE, WRONG_KEY));
    stranger.get("/coupon-list").await.error();
    send(app.anonymous(Method::GET, "/wp-login.php")).await;
    send(app.anonymous(Method::GET, "/healthz")).await;
    app.patch(&format!("/coupon-list/{list}"), &json!({"name": ""}))
        .await
        .error();
    app.jobs_done().await;
    // A line is written before its answer is sent, and read to the end here.
    app.kill();
    let lines = app.output().log_lines();
    let lines = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| text(&line["target"]) == "api::request_log")
        .collect()
}

#[tokio::test]
async fn a_request_has_one_line_at_info_but_for_what_comes_by_the_thousand() {
    let lines = request_lines(None).await;
    let told = |line: &Value| {
        let [method, route] = ["method", "route"].map(|key| text(&line[key]).to_owned());
        format!("{method} {route} {}", line["status"])
    };
    let all: Vec<String> = lines.iter().map(told).collect();
    let count = |request: &str| all.iter().filter(|told| *told == request).count();
    assert_eq!(count("POST /v1/coupon-list 201"), 1, "{all:?}");
    assert_eq!(
        count("POST /v1/coupon-list/{coupon_list_id}/files 201"),
        1,
        "{all:?}"
    );
    assert_eq!(count("PATCH /v1/coupon-list/{coupon_list_id} 400"), 1, "{all:?}");
    for (line, told) in lines.iter().zip(&all) {
        assert_eq!(line["level"], "INFO", "{told}");
        if line["milliseconds"].as_f64() >= Some(1_000.0) {
            continue;
        }
        assert!(!told.contains("allocations"), "{told}");
        assert!(
            !told.ends_with("401") && !told.contains("unknown") && !told.contains("healthz"),
            "{told}"
        );
    }
    let created = &lines[all
        .iter()
        .position(|told| told == "POST /v1/coupon-list 201")
        .unwrap()];
    assert!(created["statements"].as_u64() >= Some(1), "{created}");
    let [took, in_database] =
        ["milliseconds", "database_milliseconds"].map(|key| created[key].as_f64().unwrap());
    assert!(0.0 < in_database && in_database <= took, "{created}");
}

#[tokio::test]
async fn the_lines_of_requests_are_switched_by_the_name_of_their_part() {
    let all = request_lines(Some("info,api::request_log=debug")).await;
    let about = |text: &str| all.iter().filter(|line| line.to_string().contains(text)).count();
    assert_eq!(about("/allocations\""), 2, "{all:?}");
    assert_eq!(about("/allocations/batch\""), 1, "{all:?}");
    assert_eq!((about("unknown"), about("healthz")), (1, 1), "{all:?}");
    assert!(request_lines(Some("info,api::request_log=warn")).await.is_empty());
}

#[tokio::test]
async fn only_our_own_variable_says_what_is_logged() {
    let app = TestApp::start_with(|environment| {
        environment.insert("RUST_LOG".to_owned(), "trace".to_owned());
    })
    .await;
    let list = app.list_with(&["A-1"]).await;
    app.take(&list, "u").await;
    app.jobs_done().await;
    for line in app.output().log_lines() {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(
            ["INFO", "WARN", "ERROR"].contains(&text(&line["level"])),
            "{line}"
        );
    }
}

#[tokio::test]
async fn every_line_is_one_json_object_whatever_was_sent() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_LOG".to_owned(), "debug".to_owned());
    })
    .await;
    let forged = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\u{1b}[31m";
    let body = with(a_list(), json!({"name": forged, "created_by": forged}));
    app.post("/coupon-list", &body).await.error();
    let percent = "%0d%0a%7b%22message%22:%22forged%22%7d%1b%5b31m";
    app.get(&format!("/coupon-list/{percent}")).await.error();
    app.get(&format!("/coupon-list?status={percent}")).await.error();
    let agent = header::HeaderValue::from_bytes(b"agent \x9b31m \xff\"}{\"message\":\"forged\"").unwrap();
    let request = app.request(Method::GET, "/coupon-list");
    send(request.header(header::USER_AGENT, agent)).await.expect(200);
    let list = app.list_with(&["A-1"]).await;
    app.archive(&list).await;
    app.jobs_done().await;

    for line in app.output().log_lines() {
        let object: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(object.is_object(), "{line}");
        let fields = object.get("fields").unwrap_or(&object);
        assert_ne!(fields["message"], "forged", "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        assert!(!text(&object["level"]).is_empty(), "{line}");
    }
}
