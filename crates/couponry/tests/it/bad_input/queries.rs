//! Bad parameters of `GET /v1/coupon-list` and `GET /v1/coupon-list/{coupon_list_id}/files`

use super::Victim;

const BAD_PAGES: &[&str] = &[
    "limit=0",
    "limit=-1",
    "limit=1001",
    "limit=",
    "limit=ten",
    "limit=1.5",
    "limit=1e2",
    "limit=0x10",
    "limit=%201",
    "limit=1%00",
    "limit=%EF%BC%91",
    "limit=9223372036854775808",
    "limit=1&limit=2",
    "offset=-1",
    "offset=",
    "offset=two",
    "offset=2147483648",
    "offset=18446744073709551616",
    "offset=0&offset=0",
];

/// Row 43 of docs/MIGRATING.md.
#[tokio::test]
async fn a_page_that_there_cannot_be_is_a_bad_request() {
    let victim = Victim::new().await;
    for path in ["/coupon-list".to_owned(), victim.path("/files")] {
        for query in BAD_PAGES {
            let answer = victim.app.get(&format!("{path}?{query}")).await;
            let message = answer.expect_error(400, "bad-request");
            let name = query.split('=').next().unwrap();
            assert!(message.contains(&format!("'{name}'")), "{query}: {message}");
        }
    }
    victim.assert_unharmed().await;
}

/// Rows 3 and 43 of docs/MIGRATING.md.
#[tokio::test]
async fn a_status_or_a_search_that_is_none_is_a_bad_request() {
    let victim = Victim::new().await;
    for query in [
        "status=",
        "status=active",
        "status=%20ACTIVE",
        "status=ACTIVE,EXPIRED",
        "status=ACTIVE&status=EXPIRED",
        "status=ACTIVE&status=ACTIVE",
        "status=ACTIVE%00",
        "search=%00",
        "search=a%0d%0ab",
        "search=%1b[31m",
        "search=a&search=b",
        &format!("search={}", "x".repeat(256)),
    ] {
        let answer = victim.app.get(&format!("/coupon-list?{query}")).await;
        answer.expect_error(400, "bad-request");
    }
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_ignored() {
    let victim = Victim::new().await;
    let long = format!("x={}", "a".repeat(20_000));
    for path in ["/coupon-list".to_owned(), victim.path("/files"), victim.path("")] {
        let plain = victim.app.get(&path).await;
        for query in [
            "",
            "&&&",
            "=",
            "x",
            "%ff=%ff",
            "status[]=EXPIRED",
            "STATUS=EXPIRED",
            "Limit=0",
            "cursor=%00",
            "__proto__=1",
            &long,
        ] {
            let answer = victim.app.get(&format!("{path}?{query}")).await;
            assert_eq!(
                (answer.status, &answer.text),
                (200, &plain.text),
                "{path}?{query}"
            );
        }
    }
    victim.assert_unharmed().await;
}
