//! Ids that name nothing, whatever they look like.

use reqwest::{Method, header};

use super::Victim;
use crate::{
    app::{Answer, send, texts},
    endpoints::endpoints,
};

const ODD_IDS: &[&str] = &[
    "nonsense",
    "6721d00eefc476c0f67e0d0",
    "6721d00eefc476c0f67e0d050",
    "6721D00EEFC476C0F67E0D05",
    "6721d00e-fc47-6c0f-67e0-d05000000000",
    "0x21d00eefc476c0f67e0d05",
    "-721d00eefc476c0f67e0d05",
    "%00",
    "6721d00eefc476c0f67e0d0%00",
    "%ff%fe",
    "%EF%BC%92%EF%BC%91",
    "a%2fb",
    "..%2f..%2fetc%2fpasswd",
    "%27%20or%201=1--",
    "%0d%0aX:%201",
    "%20",
];

/// Asks, where a body is taken, with one that is no JSON: ids are judged first.
async fn ask(victim: &Victim, method: &Method, path: &str, takes_body: bool) -> Answer {
    let request = victim.app.request(method.clone(), path);
    if takes_body {
        send(request.header(header::CONTENT_TYPE, "application/json").body("{")).await
    } else {
        send(request).await
    }
}

/// Asks each endpoint that names `known` with odd ids in its place; all must get the answer of an unknown one.
async fn assert_all_the_same(victim: &Victim, known: &str, code: &str, message: &str) {
    let long = "a".repeat(5000);
    let mut asked = 0;
    for (method, path, body, _) in endpoints(&victim.list, &victim.file) {
        if !path.contains(known) {
            continue;
        }
        let unknown = path.replace(known, texts::UNKNOWN_ID);
        let not_found = ask(victim, &method, &unknown, body.is_some()).await;
        assert_eq!(not_found.expect_error(404, code), message, "{method} {unknown}");
        for odd in ODD_IDS.iter().chain([&long.as_str()]) {
            let path = path.replace(known, odd);
            let answer = ask(victim, &method, &path, body.is_some()).await;
            assert_eq!(
                (answer.status, &answer.text),
                (404, &not_found.text),
                "{method} {path}"
            );
        }
        asked += 1;
    }
    assert!(asked > 0);
}

/// Row 4 of docs/MIGRATING.md.
#[tokio::test]
async fn every_id_that_names_no_list_gets_the_same_answer_everywhere() {
    let victim = Victim::new().await;
    assert_all_the_same(
        &victim,
        &victim.list,
        "coupon-list-not-found",
        texts::LIST_NOT_FOUND,
    )
    .await;
    victim.assert_unharmed().await;
}

/// Row 5 of docs/MIGRATING.md.
#[tokio::test]
async fn every_id_that_names_no_file_or_report_gets_the_same_answer_everywhere() {
    let victim = Victim::new().await;
    for known in [victim.file.as_str(), texts::UNKNOWN_ID] {
        assert_all_the_same(&victim, known, "not-found", texts::NOT_FOUND).await;
    }
    victim.assert_unharmed().await;
}
