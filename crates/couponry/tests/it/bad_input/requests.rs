//! Wrong methods, paths, headers and sizes.

use reqwest::{Method, header};
use serde_json::json;

use super::Victim;
use crate::app::{send, texts};

#[tokio::test]
async fn another_method_on_a_known_path_is_told_which_ones_there_are() {
    let victim = Victim::new().await;
    let file = victim.path(&format!("/files/{}", victim.file));
    let report = format!("/usage-report/{}", texts::UNKNOWN_ID);
    for (path, allowed) in [
        ("/coupon-list".to_owned(), vec!["GET", "POST"]),
        (victim.path(""), vec!["GET", "PATCH"]),
        (victim.path("/activate"), vec!["PUT"]),
        (victim.path("/archive"), vec!["PUT"]),
        (victim.path("/files"), vec!["GET", "POST"]),
        (file.clone(), vec!["DELETE", "GET"]),
        (format!("{file}/progress"), vec!["GET"]),
        (victim.path("/files/upload"), vec!["POST"]),
        (victim.path("/usage-report"), vec!["GET", "POST"]),
        (report.clone(), vec!["DELETE", "GET"]),
        (format!("{report}/download"), vec!["GET"]),
        ("/webhook-secret".to_owned(), vec!["GET", "POST"]),
        ("/link-key".to_owned(), vec!["POST"]),
        (victim.path("/allocations"), vec!["GET", "POST"]),
        (victim.path("/allocations/batch"), vec!["POST"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"] {
            if allowed.contains(&method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            // The method is judged before the credentials.
            for request in [
                victim.app.request(method.clone(), &path),
                victim.app.anonymous(method.clone(), &format!("/v1{path}")),
            ] {
                let answer = send(request).await;
                answer.expect_error(405, "method-not-allowed");
                let offered = answer.allowed();
                for wanted in &allowed {
                    assert!(
                        offered.iter().any(|method| method == wanted),
                        "{path}: {offered:?}"
                    );
                }
                assert!(!offered.contains(&method.to_string()), "{path}: {offered:?}");
            }
        }
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn unknown_paths_are_not_found_with_or_without_credentials() {
    let victim = Victim::new().await;
    for path in [
        "",
        "/coupon",
        "/coupon-lists",
        &victim.path("/nonsense"),
        &victim.path("/files/x/y"),
        &victim.path("/allocations/x/y/z"),
        &victim.path("/usage-report/x"),
        "/usage-report",
        "/usage-report/x/y",
        "/webhook-secret/x",
    ] {
        for request in [
            victim.app.request(Method::GET, path),
            victim.app.anonymous(Method::GET, &format!("/v1{path}")),
        ] {
            let answer = send(request).await;
            assert_eq!(answer.expect_error(404, "not-found"), texts::NOT_FOUND, "{path}");
        }
    }
    let without_version = victim.app.anonymous(Method::GET, "/coupon-list");
    send(without_version).await.expect_error(404, "not-found");
}

#[tokio::test]
async fn only_json_is_taken_and_only_plain() {
    let victim = Victim::new().await;
    for route in victim.routes() {
        let body = || route.good.to_string();
        let request = || victim.request(&route).body(body());
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "nonsense",
            "application/jsonp",
        ] {
            let answer = send(request().header(header::CONTENT_TYPE, kind)).await;
            answer.expect_error(415, "unsupported-media-type");
        }
        send(request()).await.expect_error(415, "unsupported-media-type");
        for coding in ["gzip", "deflate", "br"] {
            let answer = send(
                request()
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::CONTENT_ENCODING, coding),
            )
            .await;
            answer.expect_error(415, "unsupported-media-type");
        }
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn where_the_documented_api_reads_no_body_any_is_ignored() {
    let victim = Victim::new().await;
    let (list, file) = (victim.app.create_list().await, texts::UNKNOWN_ID);
    for (method, path, status) in [
        (Method::GET, "/coupon-list".to_owned(), 200),
        (Method::GET, "/webhook-secret".to_owned(), 200),
        (Method::DELETE, format!("/coupon-list/{list}/files/{file}"), 404),
        (Method::PUT, format!("/coupon-list/{list}/archive"), 204),
    ] {
        for body in ["{", "{}", "[\"\0\"]", &"x".repeat(100_000)] {
            for kind in ["application/json", "text/plain", "nonsense"] {
                let request = victim.app.request(method.clone(), &path);
                let request = request.header(header::CONTENT_TYPE, kind).body(body.to_owned());
                assert_eq!(send(request).await.status, status, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn where_our_own_endpoints_take_no_body_only_an_empty_one_is_taken() {
    let victim = Victim::new().await;
    let path = victim.path(&format!("/files/{}/quarantine", victim.file));
    let put = async |kind: &str, body: &str| {
        let request = victim.app.request(Method::PUT, &path);
        send(request.header(header::CONTENT_TYPE, kind).body(body.to_owned())).await
    };
    for (kind, body, status, code) in [
        ("application/json", r#"{"dry_run":true}"#, 400, "invalid-request"),
        ("application/json", "[1]", 400, "invalid-request"),
        ("application/json", "{", 400, "invalid-request"),
        ("text/plain", "dry run", 415, "unsupported-media-type"),
        ("application/json", &"x".repeat(100_000), 413, "payload-too-large"),
    ] {
        put(kind, body).await.expect_error(status, code);
    }
    victim.assert_unharmed().await;
    for (kind, body) in [
        ("text/plain", ""),
        ("application/json", ""),
        ("application/json", " {} "),
    ] {
        put(kind, body).await.expect_nothing();
    }
}

#[tokio::test]
async fn json_may_say_its_name_in_any_case_and_with_its_charset() {
    let victim = Victim::new().await;
    let route = &victim.routes()[1];
    for kind in [
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/JSON",
    ] {
        let request = victim
            .request(route)
            .header(header::CONTENT_TYPE, kind)
            .body("{}");
        send(request).await.expect(200);
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let victim = Victim::new().await;
    for route in victim.routes() {
        let limit = if route.path.ends_with("/batch") {
            16 << 20
        } else {
            64 << 10
        };
        let good = route.good.to_string();
        let padding = "x".repeat(limit);
        let body = format!(r#"{{"padding":"{padding}",{}"#, &good[1..]);
        let answer = victim.send(&route, body).await;
        answer.expect_error(413, "payload-too-large");
    }
    // Just under the limit is not too large.
    let padding = "x".repeat((64 << 10) - 100);
    let answer = victim
        .app
        .patch(&victim.path(""), &json!({"padding": padding}))
        .await;
    answer.expect(200);
    victim.assert_unharmed().await;
}
