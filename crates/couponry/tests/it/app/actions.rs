//! What tests do over and over, in the words of the API.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Answer, Client, wait_for};

/// A body that creates a list; no two have the same name or label.
pub(crate) fn a_list() -> Value {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    json!({
        "name": format!("List {number}"),
        "label": format!("list_{number}"),
        "expires_at": "2099-10-31",
        "created_by": "Tester",
    })
}

/// The same object with some keys set anew.
pub(crate) fn with(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else {
        panic!("not an object: {changes}")
    };
    for (key, value) in changes {
        object[key.as_str()] = value;
    }
    object
}

/// The same object without a key.
pub(crate) fn without(mut object: Value, key: &str) -> Value {
    object.as_object_mut().unwrap().remove(key).unwrap();
    object
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

impl Client {
    /// Makes a list; its id.
    pub(crate) async fn create_list(&self) -> String {
        self.create_list_from(&a_list()).await
    }

    pub(crate) async fn create_list_from(&self, body: &Value) -> String {
        let list = self.post("/coupon-list", body).await.expect(201);
        text(&list["_id"]).to_owned()
    }

    pub(crate) async fn list(&self, list: &str) -> Value {
        self.get(&format!("/coupon-list/{list}")).await.expect(200)
    }

    /// `total_coupons` and `available_coupons`.
    pub(crate) async fn counts(&self, list: &str) -> (i64, i64) {
        let list = self.list(list).await;
        (
            list["total_coupons"].as_i64().unwrap(),
            list["available_coupons"].as_i64().unwrap(),
        )
    }

    pub(crate) async fn archive(&self, list: &str) {
        let path = format!("/coupon-list/{list}/archive");
        self.put_nothing(&path).await.expect_nothing();
    }

    pub(crate) async fn activate(&self, list: &str) {
        let path = format!("/coupon-list/{list}/activate");
        let body = json!({"expires_at": "2099-12-31"});
        self.put(&path, &body).await.expect_nothing();
    }

    /// Asks for a file to be loaded; its id.
    pub(crate) async fn upload(&self, list: &str, url: &str) -> String {
        self.upload_from(list, &json!({"file_url": url})).await
    }

    pub(crate) async fn upload_from(&self, list: &str, body: &Value) -> String {
        let file = self
            .post(&format!("/coupon-list/{list}/files"), body)
            .await
            .expect(201);
        text(&file["_id"]).to_owned()
    }

    pub(crate) async fn file(&self, list: &str, file: &str) -> Value {
        self.get(&format!("/coupon-list/{list}/files/{file}"))
            .await
            .expect(200)
    }

    /// The file when it is no longer `PENDING`.
    pub(crate) async fn finished(&self, list: &str, file: &str) -> Value {
        wait_for("the file to be done", async || {
            let file = self.file(list, file).await;
            (file["status"] != "PENDING").then_some(file)
        })
        .await
    }

    /// Uploads and waits for the outcome.
    pub(crate) async fn load(&self, list: &str, url: &str) -> Value {
        let file = self.upload(list, url).await;
        self.finished(list, &file).await
    }

    pub(crate) async fn delete_file(&self, list: &str, file: &str) {
        let path = format!("/coupon-list/{list}/files/{file}");
        self.delete(&path).await.expect_nothing();
    }

    pub(crate) async fn allocate(&self, list: &str, body: &Value) -> Answer {
        self.post(&format!("/coupon-list/{list}/allocations"), body).await
    }

    /// A new code for this user.
    pub(crate) async fn take(&self, list: &str, user: &str) -> String {
        let allocation = self.allocate(list, &json!({"user_id": user})).await.expect(201);
        text(&allocation["coupon_code"]).to_owned()
    }

    pub(crate) async fn allocate_batch(&self, list: &str, body: &Value) -> Answer {
        self.post(&format!("/coupon-list/{list}/allocations/batch"), body)
            .await
    }

    /// New codes for this many users, in one call.
    pub(crate) async fn take_many(&self, list: &str, prefix: &str, number: usize) -> Vec<String> {
        let recipients: Vec<Value> = (0..number)
            .map(|n| json!({"user_id": format!("{prefix}-{n}")}))
            .collect();
        let batch = self
            .allocate_batch(list, &json!({"recipients": recipients}))
            .await
            .expect(200);
        assert_eq!(batch["allocated"], number, "{batch}");
        codes_of(&batch)
    }
}

/// The codes in a batch's answer.
pub(crate) fn codes_of(batch: &Value) -> Vec<String> {
    let items = batch["data"].as_array().unwrap();
    items
        .iter()
        .filter_map(|item| item["coupon_code"].as_str().map(str::to_owned))
        .collect()
}
