//! What becomes of codes after they were handed out, in the words of the API.

use reqwest::{Method, Url, header};
use serde_json::{Value, json};

use super::{Answer, Client, Database, send, text};

/// The path of a code below its list or below `/v1`, with whatever needs it percent-encoded.
pub(crate) fn code_path(before: &str, code: &str) -> String {
    let mut url = Url::parse("http://couponry/").unwrap();
    url.path_segments_mut().unwrap().push(code);
    format!("{before}/codes{}", url.path())
}

/// The `_id`s of these allocations.
pub(crate) fn ids(allocations: &[Value]) -> Vec<String> {
    allocations
        .iter()
        .map(|one| text(&one["_id"]).to_owned())
        .collect()
}

/// One JSON object a line.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "cut off: {text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

impl Client {
    /// A new allocation for this user.
    pub(crate) async fn give(&self, list: &str, user: &str) -> Value {
        self.allocate(list, &json!({"user_id": user})).await.expect(201)
    }

    /// A code held for this user, far longer than any test takes.
    pub(crate) async fn hold(&self, list: &str, user: &str) -> Value {
        let body = json!({"user_id": user, "hold_seconds": 3600});
        self.allocate(list, &body).await.expect(201)
    }

    /// `confirm` or `release` of one allocation.
    pub(crate) async fn settle(&self, list: &str, what: &str, allocation: &Value) -> Answer {
        let id = text(&allocation["_id"]);
        let path = format!("/coupon-list/{list}/allocations/{id}/{what}");
        send(self.request(Method::POST, &path)).await
    }

    pub(crate) async fn confirm(&self, list: &str, allocation: &Value) -> Answer {
        self.settle(list, "confirm", allocation).await
    }

    pub(crate) async fn release(&self, list: &str, allocation: &Value) -> Answer {
        self.settle(list, "release", allocation).await
    }

    /// `confirm` or `release` of many.
    pub(crate) async fn settle_many<T: AsRef<str>>(&self, list: &str, what: &str, ids: &[T]) -> Answer {
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        let path = format!("/coupon-list/{list}/allocations/{what}");
        self.post(&path, &json!({"allocation_ids": ids})).await
    }

    /// A page of who got what.
    pub(crate) async fn allocations(&self, list: &str, query: &str) -> Value {
        let path = format!("/coupon-list/{list}/allocations?{query}");
        self.get(&path).await.expect(200)
    }

    pub(crate) async fn passport(&self, list: &str, code: &str) -> Answer {
        self.get(&code_path(&format!("/coupon-list/{list}"), code)).await
    }

    /// The status in the code's passport.
    pub(crate) async fn code_status(&self, list: &str, code: &str) -> String {
        let passport = self.passport(list, code).await.expect(200);
        text(&passport["status"]).to_owned()
    }

    /// What happened to the code, oldest first.
    pub(crate) async fn history(&self, list: &str, code: &str) -> Vec<String> {
        let passport = self.passport(list, code).await.expect(200);
        let history = passport["history"].as_array().unwrap();
        history
            .iter()
            .map(|entry| text(&entry["event"]).to_owned())
            .collect()
    }

    pub(crate) async fn redeem(&self, list: &str, code: &str, body: &Value) -> Answer {
        let path = code_path(&format!("/coupon-list/{list}"), code);
        self.post(&format!("{path}/redeem"), body).await
    }

    pub(crate) async fn disable(&self, list: &str, code: &str) -> Answer {
        let path = code_path(&format!("/coupon-list/{list}"), code);
        send(self.request(Method::POST, &format!("{path}/disable"))).await
    }

    pub(crate) async fn quarantine(&self, list: &str, file: &str) {
        let path = format!("/coupon-list/{list}/files/{file}/quarantine");
        self.put_nothing(&path).await.expect_nothing();
    }

    pub(crate) async fn resume(&self, list: &str, file: &str) {
        let path = format!("/coupon-list/{list}/files/{file}/resume");
        self.put_nothing(&path).await.expect_nothing();
    }

    /// The stock: total, available, held, allocated, disabled, quarantined. The total is always the sum of the rest.
    pub(crate) async fn stock(&self, list: &str) -> [i64; 6] {
        let stock = self.get(&format!("/coupon-list/{list}/stock")).await.expect(200);
        let stock = [
            "total",
            "available",
            "held",
            "allocated",
            "disabled",
            "quarantined",
        ]
        .map(|key| stock[key].as_i64().unwrap());
        assert_eq!(stock[0], stock[1..].iter().sum::<i64>(), "{stock:?}");
        assert!(stock.iter().all(|number| *number >= 0), "{stock:?}");
        stock
    }

    /// Sends these lines as NDJSON.
    pub(crate) async fn stream(&self, list: &str, query: &str, lines: impl Into<String>) -> Answer {
        let path = format!("/coupon-list/{list}/allocations/batch{query}");
        let request = self.request(Method::POST, &path);
        let request = request.header(header::CONTENT_TYPE, "application/x-ndjson");
        send(request.body(lines.into())).await
    }

    /// The same, and what each line was answered.
    pub(crate) async fn stream_lines(&self, list: &str, query: &str, lines: impl Into<String>) -> Vec<Value> {
        let answer = self.stream(list, query, lines).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        json_lines(&answer.text)
    }

    /// A token that pulls codes of the list.
    pub(crate) async fn pull_token(&self, list: &str, body: &Value) -> Value {
        let path = format!("/coupon-list/{list}/pull-tokens");
        self.post(&path, body).await.expect(201)
    }
}

impl Database {
    /// Lets every hold run out now, as if its time had passed.
    pub(crate) async fn let_holds_run_out(&self) {
        // Like everything that changes a hold: with the gates.
        let run_out =
            "with gates as materialized (select list_id from gate order by list_id for no key update)
             update hold set held_until = clock_timestamp() where (select count(*) from gates) > 0";
        sqlx::query(run_out)
            .execute(&mut self.connect().await)
            .await
            .unwrap();
    }

    /// Whether the list's expiry has been carried out.
    pub(crate) async fn is_expired(&self, list: &str) -> bool {
        sqlx::query_scalar("select status = 'EXPIRED' from coupon_list where encode(public_id, 'hex') = $1")
            .bind(list)
            .fetch_one(&mut self.connect().await)
            .await
            .unwrap()
    }

    /// Lets the list's expiry be now, as if the time had come.
    pub(crate) async fn let_list_expire(&self, list: &str) {
        sqlx::query(
            "with expired as (
                 update coupon_list set expires_at = clock_timestamp() where encode(public_id, 'hex') = $1
                 returning list_id, expires_at
             )
             update gate g set expires_at = e.expires_at from expired e where g.list_id = e.list_id",
        )
        .bind(list)
        .execute(&mut self.connect().await)
        .await
        .unwrap();
    }
}
