//! Many codes by one NDJSON request.

use std::{fmt::Write as _, future::ready, io};

use demo::client::Client;
use futures_util::{AsyncBufReadExt as _, TryStreamExt as _, stream};
use reqwest::{Body, Method};

/// Sends lines, each for another user, and reads the answers meanwhile; how many came with a code.
pub(super) async fn codes(client: &Client, path: &str, prefix: &str, lines: u64) -> anyhow::Result<u64> {
    let prefix = prefix.to_owned();
    let pieces = (0..lines).step_by(1_000).map(move |first| {
        let mut piece = String::new();
        for number in first..lines.min(first + 1_000) {
            writeln!(piece, "{{\"user_id\":\"{prefix}{number}\"}}")?;
        }
        anyhow::Ok(piece)
    });
    let request = client.request(Method::POST, path);
    let request = request.header("Content-Type", "application/x-ndjson");
    let body = Body::wrap_stream(stream::iter(pieces));
    let answer = request.body(body).send().await?.error_for_status()?;
    let answers = answer.bytes_stream().map_err(io::Error::other);
    let with_code = |line: &String| ready(line.contains("\"coupon_code\":"));
    let codes = answers.into_async_read().lines().try_filter(with_code);
    Ok(codes.try_fold(0, |codes, _| ready(Ok(codes + 1))).await?)
}
