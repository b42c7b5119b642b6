//! `GET /v1/coupon-list/{coupon_list_id}/files/{coupon_file_id}/rejections` (ours)

use std::{fmt::Write as _, io::Read as _};

use flate2::read::GzDecoder;
use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};
use serde_json::json;

use crate::app::{Answer, FileHost, TestApp, codes, csv, text, texts, until};

const HEAD: &str = "\u{feff}Line,Value,Reason";
const TOO_MANY_FIELDS: &str = "row has more fields than the header";

fn path(list: &str, file: &str) -> String {
    format!("/coupon-list/{list}/files/{file}/rejections")
}

/// The lines of the CSV.
fn lines(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.ends_with("\r\n"));
    answer.text.lines().collect()
}

async fn rejected(app: &TestApp, list: &str, file: &str) -> Answer {
    app.get(&path(list, file)).await
}

/// A file of good codes, with so many bad rows after them.
fn with_bad_rows(good: usize, bad: usize) -> String {
    let mut file = String::from_utf8(csv(&codes("A", good))).unwrap();
    file.push('\n');
    for n in 0..bad {
        writeln!(file, "BAD-{n},x").unwrap();
    }
    file
}

#[tokio::test]
async fn every_row_that_was_left_out_is_told_by_its_line_its_value_and_the_reason() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app
        .load(&list, &host.serve("/codes.csv", with_bad_rows(3000, 250)))
        .await;
    assert_eq!(file["status"], "SUCCESS", "{file}");
    assert_eq!(file["details"]["rejections"].as_array().unwrap().len(), 100);
    let answer = rejected(&app, &list, text(&file["_id"])).await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines = lines(&answer);
    assert_eq!(lines.len(), 251);
    assert_eq!(lines[0], HEAD);
    assert_eq!(lines[1], format!("3002,BAD-0,{TOO_MANY_FIELDS}"));
    assert_eq!(lines[250], format!("3251,BAD-249,{TOO_MANY_FIELDS}"));
}

#[tokio::test]
async fn a_file_that_failed_for_its_bad_rows_tells_them_and_no_cell_is_a_formula() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", "Coupon Code\nA-1\n=1+1,x\n\"a\tb\"\n");
    let file = app.load(&list, &url).await;
    assert_eq!(file["status"], "FAILED", "{file}");
    let answer = rejected(&app, &list, text(&file["_id"])).await;
    assert_eq!(
        lines(&answer),
        [
            HEAD,
            &format!("3,'=1+1,{TOO_MANY_FIELDS}"),
            "4,a\\tb,code contains a control character or line separator"
        ]
    );
}

#[tokio::test]
async fn a_file_without_a_bad_row_has_none_to_tell_and_duplicates_are_no_bad_rows() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app
        .load(&list, &host.serve("/codes.csv", csv(&["A-1", "A-1"])))
        .await;
    let answer = rejected(&app, &list, text(&file["_id"])).await;
    assert_eq!(lines(&answer), [HEAD]);
    let nothing: i64 = sqlx::query_scalar("select count(*) from rejection_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap();
    assert_eq!(nothing, 0);
}

#[tokio::test]
async fn it_is_sent_compressed_to_whoever_takes_it_so() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app
        .load(&list, &host.serve("/codes.csv", with_bad_rows(100, 10)))
        .await;
    let request = app.request(Method::GET, &path(&list, text(&file["_id"])));
    let answer = request.header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
    assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
    let mut csv = String::new();
    GzDecoder::new(&*answer.bytes().await.unwrap())
        .read_to_string(&mut csv)
        .unwrap();
    assert_eq!(csv, rejected(&app, &list, text(&file["_id"])).await.text);
}

#[tokio::test]
async fn before_the_load_has_ended_there_is_nothing_to_tell_yet() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", with_bad_rows(3000, 3));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    rejected(&app, &list, &file)
        .await
        .expect_error(409, "coupon-file-pending");
    gate.open();
    app.finished(&list, &file).await;
    assert_eq!(lines(&rejected(&app, &list, &file).await).len(), 4);
    rejected(&app, &list, texts::UNKNOWN_ID)
        .await
        .expect_error(404, "not-found");
}

#[tokio::test]
async fn a_load_that_is_killed_and_goes_on_tells_each_row_once() {
    let mut app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let (url, gate) = host.serve_at_a_gate("/codes.csv", with_bad_rows(3000, 250));
    let file = app.upload(&list, &url).await;
    gate.reached_by(1).await;
    let held = app.database.hold_block_writes().await;
    gate.open();
    until("the load to wait for its blocks", async || {
        app.database.waiting_for_a_lock().await > 0
    })
    .await;
    app.kill();
    held.release().await;
    app.restart().await;
    assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS");
    assert_eq!(lines(&rejected(&app, &list, &file).await).len(), 251);
}

#[tokio::test]
async fn they_go_with_the_file_and_after_a_week() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let url = host.serve("/codes.csv", with_bad_rows(100, 10));
    let old = app.load(&list, &url).await;
    sqlx::query("delete from rejection_piece")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
    rejected(&app, &list, text(&old["_id"]))
        .await
        .expect_error(404, "not-found");
    assert_eq!(app.file(&list, text(&old["_id"])).await, old);

    let deleted = text(&app.load(&list, &url).await["_id"]).to_owned();
    app.delete_file(&list, &deleted).await;
    rejected(&app, &list, &deleted)
        .await
        .expect_error(404, "not-found");
    let left: i64 = sqlx::query_scalar("select count(*) from rejection_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn another_workspace_sees_nothing_of_it() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let file = app
        .load(&list, &host.serve("/codes.csv", with_bad_rows(100, 10)))
        .await;
    let other = app.create_workspace(&["--name", "Other"]);
    other
        .get(&path(&list, text(&file["_id"])))
        .await
        .expect_error(404, "coupon-list-not-found");
    let own = other
        .post("/coupon-list", &crate::app::a_list())
        .await
        .expect(201);
    other
        .get(&path(text(&own["_id"]), text(&file["_id"])))
        .await
        .expect_error(404, "not-found");
    assert_eq!(file["details"]["rejected"], json!(10));
}
