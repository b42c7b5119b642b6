//! Many codes by one NDJSON request.

use std::io;

use bytes::Bytes;
use demo::client::Client;
use futures_util::stream;
use reqwest::{Body, Method, Response};

/// Each line that has a code has this once.
const MARK: &[u8] = b"\"coupon_code\":";

/// Sends lines, each for another user, and reads the answers meanwhile; how many came with a code.
pub(super) async fn codes(client: &Client, path: &str, prefix: &str, lines: u64) -> anyhow::Result<u64> {
    let prefix = prefix.to_owned();
    let pieces = (0..lines).step_by(1_000).map(move |first| {
        let numbers = first..lines.min(first + 1_000);
        let piece = numbers.fold(String::new(), |piece, number| {
            piece + "{\"user_id\":\"" + &prefix + &number.to_string() + "\"}\n"
        });
        Ok::<_, io::Error>(Bytes::from(piece))
    });
    let body = Body::wrap_stream(stream::iter(pieces));
    let request = client.request(Method::POST, path).body(body);
    let answer = request
        .header("Content-Type", "application/x-ndjson")
        .send()
        .await?;
    codes_in(answer.error_for_status()?).await
}

async fn codes_in(mut answer: Response) -> anyhow::Result<u64> {
    let mut codes = 0;
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        rest.extend_from_slice(&chunk);
        let whole = rest
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let lines = rest.drain(..whole).collect::<Vec<_>>();
        let lines = lines.split(|&byte| byte == b'\n');
        let has_code = |line: &&[u8]| line.windows(MARK.len()).any(|window| window == MARK);
        codes += lines.filter(has_code).count();
    }
    Ok(u64::try_from(codes)?)
}
