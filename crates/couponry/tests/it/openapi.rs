//! `/openapi.json`, `/docs` and `couponry openapi`: what the server says of itself is what it does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, program, send, sorted, text, texts},
    endpoints::{UNKNOWN_CODE, endpoints},
};

const COMMITTED: &str = include_str!("../../../../docs/openapi.json");

/// The document's operations: method, path with ids in it, and whether credentials are asked for.
fn operations() -> Vec<(Method, String, bool)> {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{coupon_list_id}", texts::UNKNOWN_ID)
            .replace("{coupon_file_id}", texts::UNKNOWN_ID)
            .replace("{report_id}", texts::UNKNOWN_ID)
            .replace("{bulk_action_id}", texts::UNKNOWN_ID)
            .replace("{allocation_id}", texts::UNKNOWN_ID)
            .replace("{token_id}", texts::UNKNOWN_ID)
            .replace("{code}", UNKNOWN_CODE)
            .replace("{user_id}", "nobody")
            .replace("{token}", texts::UNKNOWN_ID);
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let guarded = operation["security"] != json!([{}]);
            operations.push((method, path.clone(), guarded));
        }
    }
    operations
}

#[tokio::test]
async fn the_server_has_the_committed_document_for_anybody() {
    let app = TestApp::start().await;
    let answer = send(app.anonymous(Method::GET, "/openapi.json")).await;
    answer.expect(200);
    assert_eq!(answer.text, COMMITTED);
}

#[test]
fn the_program_prints_the_document_without_settings() {
    let nothing_is_right = [("DATABASE_URL".to_owned(), "nonsense".to_owned())].into();
    let output = program(&nothing_is_right).arg("openapi").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), COMMITTED);
}

#[tokio::test]
async fn every_described_operation_exists_and_asks_for_credentials_as_described() {
    let app = TestApp::start().await;
    let operations = operations();
    assert!(operations.len() > 10);
    for (method, path, guarded) in operations {
        let answer = send(app.anonymous(method.clone(), &path)).await;
        if guarded {
            answer.expect_error(401, "request-unauthenticated");
        } else {
            // `/readyz` may be not ready yet, and the token is none.
            assert!(
                matches!(answer.status, 200 | 404 | 503),
                "{method} {path}: {}",
                answer.text
            );
        }
    }
}

#[test]
fn the_suite_knows_every_described_operation() {
    let described = operations().into_iter().filter(|(_, _, guarded)| *guarded);
    let known = endpoints(texts::UNKNOWN_ID, texts::UNKNOWN_ID);
    assert_eq!(
        sorted(
            known
                .iter()
                .map(|(method, path, ..)| format!("{method} /v1{path}"))
        ),
        sorted(described.map(|(method, path, _)| format!("{method} {path}")))
    );
}

#[tokio::test]
async fn no_described_path_has_a_method_that_is_not_described() {
    let app = TestApp::start().await;
    for (_, path, _) in operations() {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let answer = send(app.anonymous(brew, &path)).await;
        answer.expect_error(405, "method-not-allowed");
        let described = operations().into_iter().filter(|(_, other, _)| *other == path);
        assert_eq!(
            answer.allowed(),
            sorted(described.map(|(method, ..)| method)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_for_people_holds_together_without_the_internet() {
    let app = TestApp::start().await;
    let get = async |path: &str| send(app.anonymous(Method::GET, path)).await;

    let to_page = get("/docs").await;
    assert_eq!((to_page.status, to_page.header("location")), (307, Some("docs/")));

    let page = get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'self'")
    );
    let references = references(&page.text);
    assert!(references.len() > 4, "{}", page.text);
    for reference in references {
        assert!(!reference.contains("//"), "{reference}");
        let name = reference.trim_start_matches("./");
        let part = app
            .anonymous(Method::GET, &format!("/docs/{name}"))
            .send()
            .await
            .unwrap();
        assert_eq!(part.status(), 200, "{reference}");
    }

    let settings = get("/docs/swagger-initializer.js").await.text;
    assert!(!settings.contains("://"), "{settings}");
    assert!(settings.contains("\"../openapi.json\""), "{settings}");
    assert!(settings.contains("\"validatorUrl\": \"none\""), "{settings}");
}

/// What the page's `src` and `href` name.
fn references(page: &str) -> Vec<&str> {
    ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_a_get_is_refused_as_elsewhere() {
    let app = TestApp::start().await;
    for path in [
        "/docs/nonsense",
        "/docs/..%2Findex.html",
        "/openapi.yaml",
        "/openapi.json/",
    ] {
        let answer = send(app.anonymous(Method::GET, path)).await;
        assert_eq!(answer.expect_error(404, "not-found"), texts::NOT_FOUND, "{path}");
    }
    for path in ["/openapi.json", "/docs", "/docs/"] {
        let answer = send(app.anonymous(Method::POST, path)).await;
        answer.expect_error(405, "method-not-allowed");
        assert_eq!(answer.allowed(), ["GET"], "{path}");
    }
}

#[tokio::test]
async fn the_documented_keys_are_those_of_real_answers() {
    let app = TestApp::start().await;
    let list = app.list_with(&["A-1", "A-1", "A-2"]).await;
    let files = app.get(&format!("/coupon-list/{list}/files")).await.expect(200);
    let file = format!("/coupon-list/{list}/files/{}", text(&files["data"][0]["_id"]));
    let file = app.get(&file).await.expect(200);
    let allocations = format!("/coupon-list/{list}/allocations");
    let taken = app
        .post(&allocations, &serde_json::json!({"user_id": "u"}))
        .await
        .expect(201);
    for (schema, answer) in [
        ("CouponList", app.list(&list).await),
        ("CouponFile", file.clone()),
        ("FileDetails", file["details"].clone()),
        ("Allocation", taken),
    ] {
        assert_described(schema, &answer);
    }
}

/// Every key is described, and every key described as required is there.
fn assert_described(schema: &str, answer: &Value) {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let schema = &document["components"]["schemas"][schema];
    let answer = answer.as_object().unwrap();
    for key in answer.keys() {
        assert!(schema["properties"].get(key).is_some(), "{key}: {schema}");
    }
    for key in schema["required"].as_array().unwrap() {
        assert!(answer.contains_key(text(key)), "{key}: {schema}");
    }
}
