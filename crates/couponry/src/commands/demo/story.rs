//! The steps, each as a client would make it.

use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::ensure;
use demo::{
    client::{Client, number, text},
    codes::CodeFile,
    file_host::{self, FileHost},
};
use indicatif::HumanCount;
use jiff::{Timestamp, tz::TimeZone};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{progress, screen};

/// As in MoEngage's sample.
const LINE_END: &str = "\r\n";
const SAMPLE_CODES: u64 = 1_000;
const QUICK_CODES: u64 = 100_000;
const SINGLE: usize = 1_000;
const BATCH: usize = 10_000;

/// All of it; the list's id.
pub(super) async fn tell(client: &Client, zone: &TimeZone, quick: bool) -> anyhow::Result<String> {
    let path = create_list(client).await?;
    let sample = CodeFile::new(rand::random(), SAMPLE_CODES, LINE_END);
    load(client, &path, "sample.csv", sample).await?;
    let largest = if quick {
        CodeFile::new(rand::random(), QUICK_CODES, LINE_END)
    } else {
        CodeFile::filling(domain::HOSTED_FILE_BYTES, rand::random(), LINE_END)
    };
    load(client, &path, "black-friday.csv", largest).await?;
    hand_out_one(client, &path).await?;
    hand_out_one_by_one(client, &path).await?;
    hand_out_a_batch(client, &path).await?;
    count(client, &path).await?;
    report(client, &path, zone).await?;
    Ok(id(&path).to_owned())
}

/// The last part of a path.
fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

async fn create_list(client: &Client) -> anyhow::Result<String> {
    let started = Instant::now();
    let list = client.create_list("Black Friday", "black_friday").await?;
    screen::step(
        started.elapsed(),
        &format!("a coupon list is created: \"Black Friday\", {}", id(&list)),
    );
    Ok(list)
}

async fn load(client: &Client, list: &str, name: &str, file: CodeFile) -> anyhow::Result<()> {
    let host = FileHost::start(move |_, stream| send(file, stream)).await?;
    let url = host.url(name);
    let size = format!(
        "{} codes, {} bytes",
        HumanCount(file.codes()),
        HumanCount(file.bytes())
    );
    let started = Instant::now();
    let path = client.upload(list, &url).await?;
    let loaded = progress::until_loaded(client, &path).await?;
    let added = number(&loaded, "added_coupons")?;
    let what = format!(
        "{name} is uploaded by URL and loaded: {} codes added",
        HumanCount(added)
    );
    screen::step(started.elapsed(), &what);
    screen::detail(&format!("{url} ({size})"));
    Ok(())
}

/// Whatever name was asked for, this is the file.
async fn send(file: CodeFile, mut stream: TcpStream) -> io::Result<()> {
    file_host::begin(&mut stream, file.bytes()).await?;
    for chunk in file.chunks() {
        stream.write_all(&chunk).await?;
    }
    stream.shutdown().await
}

/// A marketing system that got no answer asks again, and must not use up a second code.
async fn hand_out_one(client: &Client, list: &str) -> anyhow::Result<()> {
    let path = format!("{list}/allocations");
    let wanted = json!({"user_id": "ada", "request_id": "welcome-ada"});
    let started = Instant::now();
    let (status, first) = client.post(&path, &wanted).await?;
    ensure!(status == StatusCode::CREATED, "a new code was answered {status}");
    let code = text(&first, "coupon_code")?;
    screen::step(
        started.elapsed(),
        &format!("a code is handed out: ada gets {code}"),
    );

    let started = Instant::now();
    let (status, again) = client.post(&path, &wanted).await?;
    ensure!(
        status == StatusCode::OK && again == first,
        "the retry got another answer: {status} {again}"
    );
    screen::step(
        started.elapsed(),
        &format!("the same request again gets the same code: {code}"),
    );
    Ok(())
}

async fn hand_out_one_by_one(client: &Client, list: &str) -> anyhow::Result<()> {
    let path = format!("{list}/allocations");
    let started = Instant::now();
    let mut times = Vec::with_capacity(SINGLE);
    for user in 0..SINGLE {
        let asked = Instant::now();
        client
            .post(&path, &json!({"user_id": format!("user-{user}")}))
            .await?;
        times.push(asked.elapsed());
    }
    let took = started.elapsed();
    times.sort_unstable();
    let median = times.get(SINGLE / 2).copied().unwrap_or_default();
    let what = format!(
        "{} more codes, one request after the other: half of them within {:.1} ms",
        HumanCount(SINGLE as u64),
        median.as_secs_f64() * 1_000.0,
    );
    screen::step(took, &what);
    Ok(())
}

async fn hand_out_a_batch(client: &Client, list: &str) -> anyhow::Result<()> {
    let recipients: Vec<Value> = (0..BATCH)
        .map(|recipient| json!({"user_id": format!("recipient-{recipient}")}))
        .collect();
    let started = Instant::now();
    let path = format!("{list}/allocations/batch");
    let (_, answer) = client.post(&path, &json!({"recipients": recipients})).await?;
    let allocated = number(&answer, "allocated")?;
    let what = format!("{} codes in one batch request", HumanCount(allocated));
    screen::step(started.elapsed(), &what);
    Ok(())
}

async fn count(client: &Client, list: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    let details = client.get(list).await?;
    let total = number(&details, "total_coupons")?;
    let available = number(&details, "available_coupons")?;
    let what = format!(
        "the list counts {} codes: {} handed out, {} available",
        HumanCount(total),
        HumanCount(total.saturating_sub(available)),
        HumanCount(available),
    );
    screen::step(started.elapsed(), &what);
    Ok(())
}

/// Who got which code: mailed where there is a relay, to be downloaded in any case.
async fn report(client: &Client, list: &str, zone: &TimeZone) -> anyhow::Result<()> {
    let started = Instant::now();
    let made: Timestamp = text(&client.get(list).await?, "created_at")?.parse()?;
    let today = made.to_zoned(zone.clone()).date().to_string();
    let path = client.report(list, &today).await?;
    let report = client.until_done(&path, Duration::from_millis(50)).await?;
    ensure!(
        text(&report, "status")? == "READY",
        "the report was not built: {report}"
    );
    let what = format!(
        "the usage report is built: {} rows, {} bytes of CSV",
        HumanCount(number(&report, "rows")?),
        HumanCount(number(&report, "bytes")?),
    );
    screen::step(started.elapsed(), &what);
    screen::detail(&format!("{path}/download"));
    Ok(())
}
