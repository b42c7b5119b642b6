//! `DELETE /v1/usage-report/{report_id}`

use serde_json::json;

use super::{age, app_with_mail, ask, body, download, report};
use crate::app::{TestApp, text, wait_for};

async fn pieces(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from usage_report_piece")
        .fetch_one(&mut app.database.connect().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_deleted_report_is_gone_with_its_pieces_and_others_stay() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1"]).await;
    let stays = report(&app, &list).await;
    let goes = report(&app, &list).await;
    assert_eq!(pieces(&app).await, 2);
    let path = format!("/usage-report/{}", text(&goes["_id"]));
    app.delete(&path).await.expect_nothing();
    app.get(&path).await.expect_error(404, "not-found");
    app.delete(&path).await.expect_error(404, "not-found");
    download(&app, &goes).await.expect_error(404, "not-found");
    let left = app
        .get(&format!("/coupon-list/{list}/usage-report"))
        .await
        .expect(200);
    assert_eq!(left["data"], json!([stays]));
    assert_eq!(download(&app, &stays).await.status, 200);
    assert_eq!(pieces(&app).await, 1);
    // The mail that waited for a relay goes with its report.
    app.forget_mails().await;
}

#[tokio::test]
async fn one_that_is_being_built_is_stopped_and_not_mailed() {
    let (app, mail) = app_with_mail().await;
    let list = app.list_with(&["A-1"]).await;
    age(&app).await;
    let held = app.database.hold_reports().await;
    ask(&app, &list, &body(&app).await).await.expect(200);
    let reports = app
        .get(&format!("/coupon-list/{list}/usage-report"))
        .await
        .expect(200);
    let path = format!("/usage-report/{}", text(&reports["data"][0]["_id"]));
    wait_for("the report to stand still", async || {
        (app.database.waiting_for_a_lock().await > 0).then_some(())
    })
    .await;
    app.delete(&path).await.expect_nothing();
    app.get(&path).await.expect_error(404, "not-found");
    held.release().await;
    // A later one is built and mailed, so the one before it would have been by then.
    let later = report(&app, &list).await;
    assert_eq!(later["status"], "READY");
    mail.nth(1).await;
    app.jobs_done().await;
    assert_eq!(mail.mails().len(), 1);
    assert_eq!(pieces(&app).await, 1);
}
