//! `POST /v1/coupon-list/{coupon_list_id}/files/upload`

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::app::{
    Answer, DatabaseProxy, TestApp, Way, codes, csv, file_part, in_time, part, send, shape, text, texts,
    until, wait_for, whole,
};

async fn post(app: &TestApp, list: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let request = app.request(Method::POST, &format!("/coupon-list/{list}/files/upload"));
    send(request.header("content-type", content_type).body(body)).await
}

async fn upload(app: &TestApp, list: &str, parts: &[Vec<u8>]) -> Answer {
    post(app, list, "multipart/form-data; boundary=XX", whole(parts)).await
}

async fn pieces(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from upload_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_sent_by_hand_is_loaded_and_then_kept_nowhere() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let parts = [
        file_part(csv(&codes("A", 1000)).as_ref()),
        part("name=\"created_by\"", "", "Jane".as_bytes()),
    ];
    let answer = upload(&app, &list, &parts).await;
    let uploaded = answer.expect(201);
    assert_eq!(shape(&answer.text), texts::UPLOADED_FILE_SHAPE);
    assert_eq!(
        (
            text(&uploaded["name"]),
            text(&uploaded["created_by"]),
            text(&uploaded["status"])
        ),
        ("may.csv", "Jane", "PENDING")
    );
    assert_eq!(
        (text(&uploaded["file_url"]), text(&uploaded["coupons_list_id"])),
        ("", list.as_str())
    );
    let read = app.finished(&list, text(&uploaded["_id"])).await;
    assert_eq!(
        (text(&read["status"]), &read["added_coupons"]),
        ("SUCCESS", &Value::from(1000))
    );
    app.jobs_done().await;
    assert_eq!(pieces(&app).await, 0);
}

#[tokio::test]
async fn parts_may_come_in_any_order_and_the_name_given_wins() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let sent_as = part(
        "name=\"file\"; filename=\"C:\\\\coupons\\\\../may.csv\"",
        "",
        b"Coupon Code\nA-1",
    );
    let name = part("name=\"name\"", "", "Mai ✓".as_bytes());
    for (parts, expected) in [
        (vec![name.clone(), sent_as.clone()], "Mai ✓"),
        (vec![sent_as.clone(), name], "Mai ✓"),
        (vec![sent_as], "may.csv"),
    ] {
        let uploaded = upload(&app, &list, &parts).await.expect(201);
        assert_eq!(uploaded["name"], expected);
        app.finished(&list, text(&uploaded["_id"])).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_fails_as_one_by_url_does() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    for (file, reason) in [
        (
            b"\x1f\x8b\x08 gzip".as_slice(),
            "file is compressed (gzip); send plain CSV",
        ),
        (
            b"Codes of May\nCoupon Code\nA-1\n",
            "header 'Coupon Code' not found in the first line but in line 2; remove the lines before it; \
             the first line is 'Codes of May'",
        ),
    ] {
        let uploaded = upload(&app, &list, &[file_part(file)]).await.expect(201);
        let read = app.finished(&list, text(&uploaded["_id"])).await;
        assert_eq!(read["status"], "FAILED");
        assert_eq!(read["details"]["reason"], reason);
    }
    app.jobs_done().await;
    assert_eq!(pieces(&app).await, 0);
}

#[tokio::test]
async fn sixty_four_megabytes_are_taken_and_a_byte_more_is_not() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let mut bytes = b"Coupon Code\nA-1\n".to_vec();
    bytes.resize(64 * 1024 * 1024, b'\n');
    let uploaded = upload(&app, &list, &[file_part(&bytes)]).await.expect(201);
    assert_eq!(
        app.finished(&list, text(&uploaded["_id"])).await["added_coupons"],
        1
    );
    bytes.push(b'\n');
    upload(&app, &list, &[file_part(&bytes)])
        .await
        .expect_error(413, "payload-too-large");
    app.jobs_done().await;
    assert_eq!(pieces(&app).await, 0);
}

#[tokio::test]
async fn what_is_no_upload_is_refused_and_nothing_of_it_kept() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let good = file_part(b"Coupon Code\nA-1");
    for (what, parts) in [
        ("two files", vec![good.clone(), good.clone()]),
        ("an empty file", vec![file_part(b"")]),
        (
            "base64",
            vec![part(
                "name=\"file\"",
                "Content-Transfer-Encoding: base64\r\n",
                b"QQ==",
            )],
        ),
        (
            "a control character in the name",
            vec![part("name=\"name\"", "", b"a\x01b"), good.clone()],
        ),
        (
            "a name that is too long",
            vec![part("name=\"name\"", "", &[b'a'; 300]), good.clone()],
        ),
        (
            "a name without end",
            vec![part("name=\"name\"", "", &[b'a'; 100_000]), good.clone()],
        ),
        (
            "a name that is not UTF-8",
            vec![part("name=\"name\"", "", b"\xff"), good.clone()],
        ),
        (
            "an unknown part",
            vec![good.clone(), part("name=\"x\"", "", b"y")],
        ),
    ] {
        let answer = upload(&app, &list, &parts).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        answer.expect_error(400, "invalid-request");
    }
    upload(&app, &list, &[part("name=\"name\"", "", b"x")])
        .await
        .expect_error(400, "missing-mandatory-attributes");
    let unfinished = good.clone();
    post(&app, &list, "multipart/form-data; boundary=XX", unfinished)
        .await
        .expect_error(400, "invalid-request");
    post(
        &app,
        &list,
        "multipart/form-data",
        whole(std::slice::from_ref(&good)),
    )
    .await
    .expect_error(400, "invalid-request");
    for content_type in ["application/json", "text/csv", "multipart/mixed; boundary=XX"] {
        post(&app, &list, content_type, whole(std::slice::from_ref(&good)))
            .await
            .expect_error(415, "unsupported-media-type");
    }
    assert_eq!(
        app.get(&format!("/coupon-list/{list}/files")).await.expect(200)["data"],
        Value::Array(vec![])
    );
    assert_eq!(pieces(&app).await, 0);
}

/// Row 29 of docs/MIGRATING.md.
#[tokio::test]
async fn an_archived_list_takes_no_file() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    app.archive(&list).await;
    upload(&app, &list, &[file_part(b"Coupon Code\nA-1")])
        .await
        .expect_error(400, "invalid-request");
    upload(&app, texts::UNKNOWN_ID, &[file_part(b"Coupon Code\nA-1")])
        .await
        .expect_error(404, "coupon-list-not-found");
}

#[tokio::test]
async fn a_file_of_whose_upload_nobody_was_told_is_loaded_and_is_what_a_repeat_names() {
    let proxy = DatabaseProxy::start().await;
    let app = TestApp::start_with(|environment| proxy.stand_in(environment)).await;
    // A connection carries out at once what it has prepared before.
    let other = app.create_list().await;
    let file = file_part(csv(&["A-1"]).as_ref());
    let uploads = join_all((0..16).map(|_| upload(&app, &other, std::slice::from_ref(&file)))).await;
    assert!(uploads.iter().all(|answer| answer.status == 201));
    app.jobs_done().await;
    let list = app.create_list().await;
    let whole = whole(&[file, part("name=\"name\"", "", b"May")]);
    let request = |connection: &str| {
        format!(
            "POST /v1/coupon-list/{list}/files/upload HTTP/1.1\r\nHost: couponry\r\nAuthorization: {}\r\n\
             Idempotency-Key: key-1\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: {}\r\n\
             Connection: {connection}\r\n\r\n",
            app.credentials.basic(),
            whole.len()
        )
    };
    let mut sender = TcpStream::connect(app.address).await.unwrap();
    let (first, last) = whole.split_at(whole.len() - 10);
    sender.write_all(request("close").as_bytes()).await.unwrap();
    sender.write_all(first).await.unwrap();
    until("the file's bytes to be kept", async || pieces(&app).await == 1).await;
    // The database does what it is asked on these connections, but nobody hears of it.
    proxy.silence_open_connections(Way::NoAnswer);
    sender.write_all(last).await.unwrap();
    let mut answer = String::new();
    in_time("an answer", sender.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let repeat = wait_for("a repeat to be answered", async || {
        let answer = app.raw(&[request("close").as_bytes(), &whole].concat()).await;
        answer.starts_with("HTTP/1.1 201").then_some(answer)
    })
    .await;
    let files = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    let file = text(&files["data"][0]["_id"]).to_owned();
    assert_eq!(files["data"].as_array().unwrap().len(), 1, "{files}");
    assert!(repeat.contains(&file), "{repeat}");
    assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS");
}
