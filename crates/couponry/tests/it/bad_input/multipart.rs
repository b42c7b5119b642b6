//! Bad bodies of a file that is sent by hand.

use reqwest::{Method, header};

use super::{INVALID, INVALID_OR_MISSING, Victim, assert_refused};
use crate::app::{Answer, file_part, part, send, texts, whole};

const FORM: &str = "multipart/form-data; boundary=XX";

impl Victim {
    pub(super) async fn send_form(&self, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.app.request(Method::POST, &self.path("/files/upload"));
        send(request.header(header::CONTENT_TYPE, content_type).body(body)).await
    }

    async fn pieces(&self) -> i64 {
        sqlx::query_scalar("select count(*) from upload_piece")
            .fetch_one(&mut self.app.database.connect().await)
            .await
            .unwrap()
    }
}

/// A file with this in its disposition.
fn file_called(disposition: &str) -> Vec<u8> {
    part(
        &format!("name=\"file\"; {disposition}"),
        "Content-Type: text/csv\r\n",
        b"Coupon Code\nA-1",
    )
}

#[tokio::test]
async fn no_file_is_taken_from_a_form_that_is_none() {
    let victim = Victim::new().await;
    let good = || file_part(b"Coupon Code\nA-1");
    for (what, body) in [
        ("nothing", Vec::new()),
        ("only the end", b"--XX--\r\n".to_vec()),
        (
            "another boundary",
            b"--YY\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--YY--\r\n".to_vec(),
        ),
        ("no parts", b"Coupon Code\nA-1".to_vec()),
        ("JSON", b"{\"file\": \"Coupon Code\"}".to_vec()),
        ("cut in a head", b"--XX\r\nContent-Dispo".to_vec()),
        ("cut in the file", good()[..good().len() - 5].to_vec()),
        (
            "a part without a head",
            b"--XX\r\n\r\nCoupon Code\r\n--XX--\r\n".to_vec(),
        ),
        (
            "a head that is none",
            b"--XX\r\n\0\x01: \xff\r\n\r\nx\r\n--XX--\r\n".to_vec(),
        ),
        ("the file under another name", {
            whole(&[part(
                "name=\"File\"; filename=\"may.csv\"",
                "",
                b"Coupon Code\nA-1",
            )])
        }),
        (
            "a part without a name",
            whole(&[part("filename=\"may.csv\"", "", b"x")]),
        ),
        ("NUL", vec![0; 100]),
    ] {
        let answer = victim.send_form(FORM, body).await;
        assert_refused(&answer, INVALID_OR_MISSING, what);
    }
    for content_type in [
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        &format!("multipart/form-data; boundary={}", "X".repeat(300)),
        "multipart/form-data; charset=utf-8",
    ] {
        let answer = victim.send_form(content_type, whole(&[good()])).await;
        assert_refused(&answer, INVALID, content_type);
    }
    assert_eq!(victim.pieces().await, 0);
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn no_file_is_taken_whose_head_is_odd() {
    let victim = Victim::new().await;
    let long_head = format!("X-Note: {}\r\n", "x".repeat(1 << 20));
    let many_heads = "X-Note: x\r\n".repeat(5000);
    for (what, file) in [
        ("NUL in the name", file_called("filename=\"a\0b.csv\"")),
        (
            "a name that ends the head",
            file_called("filename=\"a\r\n\r\nb.csv\""),
        ),
        (
            "an escape in the name",
            file_called("filename=\"a\u{1b}[31m.csv\""),
        ),
        (
            "100 KB of name",
            file_called(&format!("filename=\"{}\"", "x".repeat(100_000))),
        ),
        (
            "1 MB of head",
            part("name=\"file\"", &long_head, b"Coupon Code\nA-1"),
        ),
        (
            "thousands of heads",
            part("name=\"file\"", &many_heads, b"Coupon Code\nA-1"),
        ),
        (
            "another coding",
            part(
                "name=\"file\"",
                "Content-Transfer-Encoding: quoted-printable\r\n",
                b"x",
            ),
        ),
    ] {
        let answer = victim.send_form(FORM, whole(&[file])).await;
        assert_refused(&answer, INVALID_OR_MISSING, what);
    }
    assert_eq!(victim.pieces().await, 0);
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn no_file_is_taken_compressed() {
    let victim = Victim::new().await;
    let path = victim.path("/files/upload");
    for coding in ["gzip", "deflate", "br"] {
        let request = victim.app.request(Method::POST, &path);
        let request = request
            .header(header::CONTENT_TYPE, FORM)
            .header(header::CONTENT_ENCODING, coding)
            .body(whole(&[file_part(b"Coupon Code\nA-1")]));
        send(request).await.expect_error(415, "unsupported-media-type");
    }
    assert_eq!(victim.pieces().await, 0);
    victim.assert_unharmed().await;
}

#[tokio::test]
async fn a_name_is_never_a_path_and_never_a_line() {
    let victim = Victim::new().await;
    for (sent, kept) in [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("a%0d%0ab.csv", "a%0d%0ab.csv"),
        ("<script>.csv", "<script>.csv"),
        ("", ""),
    ] {
        let file = part(&format!("name=\"file\"; filename=\"{sent}\""), "", b"no header");
        let answer = victim.send_form(FORM, whole(&[file])).await;
        assert_eq!(answer.expect(201)["name"], kept, "{sent}");
    }
    victim.app.jobs_done().await;
    let unknown = format!("/coupon-list/{}/files/upload", texts::UNKNOWN_ID);
    let request = victim.app.request(Method::POST, &unknown).body("x");
    send(request).await.expect_error(404, "coupon-list-not-found");
    victim.app.take(&victim.list, "somebody good").await;
}
