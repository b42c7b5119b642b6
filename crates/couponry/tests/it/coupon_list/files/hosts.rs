//! Hosts that misbehave, and places that must not be reached: the file fails with a reason, and nothing of it stays.

use serde_json::json;

use crate::app::{Credentials, FileHost, Page, TestApp, codes, csv, with};

/// Loads from each page into a list of its own, all at once; each must fail for its reason.
async fn each_fails(app: &TestApp, host: &FileHost, cases: Vec<(&str, Page, &[&str])>) {
    let mut loads = Vec::new();
    for (n, (what, page, reasons)) in cases.into_iter().enumerate() {
        let list = app.create_list().await;
        let file = app.upload(&list, &host.answer(&format!("/{n}"), page)).await;
        loads.push((what, reasons, list, file));
    }
    for (what, reasons, list, file) in loads {
        let file = app.finished(&list, &file).await;
        assert_eq!(file["status"], "FAILED", "{what}");
        assert_eq!(file["added_coupons"], 0, "{what}");
        let reason = file["details"]["reason"].as_str().unwrap();
        assert!(
            reasons.is_empty() || reasons.contains(&reason),
            "{what}: {reason}"
        );
        assert!(!file.to_string().contains("Said So"), "{what}: {file}");
        assert_eq!(app.counts(&list).await, (0, 0), "{what}");
    }
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn every_status_but_200_is_told() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let statuses = [204, 206, 304, 400, 403, 404, 410, 500];
    let reasons: Vec<String> = statuses
        .iter()
        .map(|status| format!("host answered with status {status}"))
        .collect();
    let wanted: Vec<[&str; 1]> = reasons.iter().map(|reason| [reason.as_str()]).collect();
    let cases = statuses
        .iter()
        .zip(&wanted)
        .map(|(status, reason)| (reason[0], Page::status(*status), reason.as_slice()))
        .collect();
    each_fails(&app, &host, cases).await;
    // 404 will not turn into a file.
    assert_eq!(host.visits("/5").len(), 1);
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn a_host_that_is_busy_is_asked_three_times() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let recovers = host.answer(
        "/recovers",
        Page::in_turn([Page::status(503), Page::File(csv(&["A-1"]))]),
    );
    let stays_busy = host.answer("/busy", Page::status(503));
    let (one, other) = (app.create_list().await, app.create_list().await);
    let busy = app.upload(&one, &stays_busy).await;
    assert_eq!(app.load(&other, &recovers).await["status"], "SUCCESS");
    assert_eq!(host.visits("/recovers").len(), 2);

    let busy = app.finished(&one, &busy).await;
    assert_eq!(busy["details"]["reason"], "host answered with status 503");
    assert_eq!(host.visits("/busy").len(), 3);
}

#[tokio::test]
async fn a_transfer_that_is_not_whole_leaves_nothing() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let file = csv(&codes("A", 10_000));
    let chunk_cut_off = [
        b"1000\r\n".as_slice(),
        &file[..0x1000],
        b"\r\n2000\r\n",
        &file[..100],
    ]
    .concat();
    let cut = ["transfer was cut off"].as_slice();
    let odd = ["host sent no usable answer"].as_slice();
    let any = [].as_slice();
    let text = |text: &str| Page::Bytes(text.as_bytes().to_vec());
    let cases = vec![
        ("cut", Page::Cut(file.clone()), cut),
        ("reset", Page::Reset(file.clone()), cut),
        (
            "chunks cut off",
            Page::with_headers("Transfer-Encoding: chunked", &chunk_cut_off),
            cut,
        ),
        (
            "two lengths",
            Page::with_headers("Content-Length: 13\r\nContent-Length: 17", &file),
            odd,
        ),
        (
            "length that is none",
            Page::with_headers("Content-Length: many", &file),
            odd,
        ),
        (
            "bad chunks",
            Page::with_headers("Transfer-Encoding: chunked", b"zz\r\nCoupon Code"),
            any,
        ),
        ("garbage", text("\u{1}\u{2}\u{3} Said So\r\n\r\n"), odd),
        ("no head", text("Coupon Code\nA-1\n"), odd),
        ("no answer", text(""), any),
    ];
    each_fails(&app, &host, cases).await;
}

#[tokio::test]
async fn a_file_without_a_length_is_read_to_its_end() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    for (path, page) in [
        (
            "/closed",
            Page::with_headers("Content-Type: text/csv", &csv(&["A-1", "A-2"])),
        ),
        (
            "/chunked",
            Page::with_headers(
                "Transfer-Encoding: chunked",
                b"f\r\nCoupon Code\nA-1\r\n4\r\n\nA-2\r\n0\r\n\r\n",
            ),
        ),
    ] {
        let list = app.create_list().await;
        let file = app.load(&list, &host.answer(path, page)).await;
        assert_eq!(file["status"], "SUCCESS", "{path}: {file}");
        assert_eq!(file["added_coupons"], 2, "{path}");
    }
}

/// Row 23 of docs/MIGRATING.md.
#[tokio::test]
async fn what_is_too_large_or_compressed_is_not_read() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let too_large = ["file is larger than 104857600 bytes"].as_slice();
    let cases = vec![
        (
            "announced",
            Page::with_headers("Content-Length: 104857601", b"Coupon Code\n"),
            too_large,
        ),
        (
            "row without end",
            Page::Endless(b"Coupon Code\nA-1\n".to_vec(), vec![b'x'; 1 << 16]),
            too_large,
        ),
        (
            "gzip",
            Page::with_headers("Content-Encoding: gzip", b"Coupon Code\nA-1\n"),
            &["file is compressed (gzip); send plain CSV"],
        ),
    ];
    each_fails(&app, &host, cases).await;
    let accepted = host.visits("/0")[0].header("accept-encoding").map(str::to_owned);
    assert!(
        accepted.as_deref().is_none_or(|coding| coding == "identity"),
        "{accepted:?}"
    );
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn three_redirects_are_followed_and_no_more() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    host.serve("/file", csv(&["A-1"]));
    host.answer("/1", Page::redirect("/file"));
    host.answer("/2", Page::redirect(&host.url("/1")));
    host.answer("/3", Page::redirect("/2"));
    host.answer("/4", Page::redirect("/3"));
    host.answer("/round", Page::redirect("/round"));

    let list = app.create_list().await;
    assert_eq!(app.load(&list, &host.url("/3")).await["status"], "SUCCESS");
    for path in ["/4", "/round"] {
        let file = app.load(&app.create_list().await, &host.url(path)).await;
        assert_eq!(file["status"], "FAILED");
        assert_eq!(file["details"]["reason"], "too many redirects");
    }
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn a_password_does_not_follow_a_redirect_to_another_host() {
    let app = TestApp::start().await;
    let (own, foreign) = (FileHost::start().await, FileHost::start().await);
    let known = Credentials::new("reader", "secret");
    own.answer("/codes.csv", Page::Behind(known.clone(), csv(&["A-1"])));
    foreign.serve("/codes.csv", csv(&["B-1"]));
    let to_own = own.answer("/to-own", Page::redirect("/codes.csv"));
    let to_foreign = own.answer("/to-foreign", Page::redirect(&foreign.url("/codes.csv")));
    let login = json!({"file_url_auth_username": known.workspace, "file_url_auth_password": known.key});
    for url in [to_own, to_foreign] {
        let list = app.create_list().await;
        let body = with(json!({"file_url": url}), login.clone());
        let file = app.upload_from(&list, &body).await;
        assert_eq!(app.finished(&list, &file).await["status"], "SUCCESS", "{url}");
    }
    assert_eq!(foreign.visits("/codes.csv").len(), 1);
    assert_eq!(foreign.visits("/codes.csv")[0].header("authorization"), None);
}

/// Row 32 of docs/MIGRATING.md.
#[tokio::test]
async fn no_redirect_leads_to_a_private_address() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_OUTBOUND_ALLOW".to_owned(), "127.0.0.2/32".to_owned());
    })
    .await;
    let allowed = FileHost::start_on("127.0.0.2").await;
    let canary = FileHost::start_on("127.0.0.1").await;
    canary.serve("/codes.csv", csv(&["A-1"]));
    let port = canary.url("").rsplit(':').next().unwrap().to_owned();
    let not_allowed = ["address not allowed"].as_slice();
    let targets = [
        canary.url("/codes.csv"),
        format!("http://localhost:{port}/codes.csv"),
        format!("http://[::1]:{port}/codes.csv"),
        format!("http://[::ffff:127.0.0.1]:{port}/codes.csv"),
        format!("http://2130706433:{port}/codes.csv"),
        format!("http://0.0.0.0:{port}/codes.csv"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/codes.csv".to_owned(),
    ];
    let cases = targets
        .iter()
        .map(|target| (target.as_str(), Page::redirect(target), not_allowed))
        .collect();
    each_fails(&app, &allowed, cases).await;
    let other_schemes = vec![
        ("file", Page::redirect("file:///etc/passwd"), [].as_slice()),
        ("ftp", Page::redirect("ftp://127.0.0.2/codes.csv"), &[]),
        ("gopher", Page::redirect("gopher://127.0.0.2/1"), &[]),
    ];
    each_fails(&app, &allowed, other_schemes).await;
    assert_eq!(canary.visits("/codes.csv").len(), 0);

    let list = app.create_list().await;
    let file = app.load(&list, &allowed.serve("/codes.csv", csv(&["A-1"]))).await;
    assert_eq!(file["status"], "SUCCESS");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_unreachable() {
    let app = TestApp::start().await;
    let gone = FileHost::start().await.url("/codes.csv");
    let list = app.create_list().await;
    let file = app.load(&list, &gone).await;
    assert_eq!(file["status"], "FAILED");
    assert_eq!(file["details"]["reason"], "host unreachable");
}
