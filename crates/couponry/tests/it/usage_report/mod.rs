//! `POST` and `GET /v1/coupon-list/{coupon_list_id}/usage-report`, `GET` and `DELETE /v1/usage-report/{report_id}`, and its download
//! (rows 35 to 37 of docs/MIGRATING.md).

mod contents;
mod delete;
mod delivery;
mod requests;

pub(crate) use delivery::hand_out_by_hand;
use serde_json::{Value, json};

use crate::app::{Answer, MailHost, TestApp, text, wait_for};

/// With the byte order mark that spreadsheets need.
const HEADER: &str = "\u{feff}Channel,Campaign ID,Campaign Name,Campaign Sent Time,Delivery Type,Moengage ID,Coupon Code,\
                      Coupon Addition Date,Coupon List Label";

async fn app_with_mail() -> (TestApp, MailHost) {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    (app, mail)
}

/// A day by the database's clock, so many days from today.
pub(crate) async fn day(app: &TestApp, days: i64) -> String {
    app.database.instant_in(days * 86_400_000).await[..10].to_owned()
}

/// Pretends that the list was made ten days ago.
async fn age(app: &TestApp) {
    sqlx::query("update coupon_list set created_at = created_at - interval '10 days'")
        .execute(&mut app.database.connect().await)
        .await
        .unwrap();
}

async fn ask(app: &TestApp, list: &str, body: &Value) -> Answer {
    app.post(&format!("/coupon-list/{list}/usage-report"), body).await
}

async fn body(app: &TestApp) -> Value {
    json!({"start_date": day(app, -1).await, "end_date": day(app, 0).await, "email_subscribers": ["ann@example.com"]})
}

/// Asks for a report of yesterday and today, and waits until it is no longer pending.
pub(crate) async fn report(app: &TestApp, list: &str) -> Value {
    age(app).await;
    ask(app, list, &body(app).await).await.expect(200);
    wait_for("the report", async || {
        let reports = app
            .get(&format!("/coupon-list/{list}/usage-report"))
            .await
            .expect(200);
        Some(reports["data"][0].clone()).filter(|report| report["status"] != "PENDING")
    })
    .await
}

async fn download(app: &TestApp, report: &Value) -> Answer {
    app.get(&format!("/usage-report/{}/download", text(&report["_id"])))
        .await
}
