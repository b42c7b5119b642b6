//! The steps, each as a client would make it.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use jiff::{Timestamp, tz::TimeZone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{client::Client, codes::CodeFile, file_host::FileHost, progress, screen};

const SAMPLE_CODES: u64 = 1_000;
const QUICK_CODES: u64 = 100_000;
const SINGLE: usize = 1_000;
const BATCH: usize = 10_000;

/// All of it; the list's id.
pub(super) async fn tell(client: &Client, zone: &TimeZone, quick: bool) -> anyhow::Result<String> {
    let list = create_list(client).await?;
    let path = format!("/coupon-list/{list}");
    load(client, &path, "sample.csv", CodeFile::of(SAMPLE_CODES)).await?;
    let largest = if quick {
        CodeFile::of(QUICK_CODES)
    } else {
        CodeFile::filling(domain::HOSTED_FILE_BYTES)
    };
    load(client, &path, "black-friday.csv", largest).await?;
    hand_out_one(client, &path).await?;
    hand_out_one_by_one(client, &path).await?;
    hand_out_a_batch(client, &path).await?;
    count(client, &path).await?;
    report(client, &path, zone).await?;
    Ok(list)
}

async fn create_list(client: &Client) -> anyhow::Result<String> {
    let started = Instant::now();
    let list = json!({
        "name": "Black Friday", "label": "black_friday", "expires_at": "2099-12-31", "created_by": "couponry demo",
    });
    let (_, list) = client.post("/coupon-list", &list).await?;
    let id = text(&list, "_id")?;
    screen::step(
        started.elapsed(),
        &format!("a coupon list is created: \"Black Friday\", {id}"),
    );
    Ok(id)
}

async fn load(client: &Client, list: &str, name: &str, file: CodeFile) -> anyhow::Result<()> {
    let host = FileHost::start(file).await?;
    let url = host.url(name);
    let size = format!(
        "{} codes, {} bytes",
        screen::grouped(file.codes),
        screen::grouped(file.bytes())
    );
    let started = Instant::now();
    let upload = json!({"file_url": url, "created_by": "couponry demo"});
    let (_, uploaded) = client.post(&format!("{list}/files"), &upload).await?;
    let path = format!("{list}/files/{}", text(&uploaded, "_id")?);
    let loaded = progress::until_loaded(client, &path).await?;
    let added = number(&loaded, "added_coupons")?;
    let what = format!(
        "{name} is uploaded by URL and loaded: {} codes added",
        screen::grouped(added)
    );
    screen::step(started.elapsed(), &what);
    screen::detail(&format!("{url} ({size})"));
    Ok(())
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
        screen::grouped(SINGLE as u64),
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
    let what = format!("{} codes in one batch request", screen::grouped(allocated));
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
        screen::grouped(total),
        screen::grouped(total.saturating_sub(available)),
        screen::grouped(available),
    );
    screen::step(started.elapsed(), &what);
    Ok(())
}

/// Who got which code: mailed where there is a relay, to be downloaded in any case.
async fn report(client: &Client, list: &str, zone: &TimeZone) -> anyhow::Result<()> {
    let started = Instant::now();
    let made: Timestamp = text(&client.get(list).await?, "created_at")?.parse()?;
    let today = made.to_zoned(zone.clone()).date().to_string();
    let wanted = json!({"start_date": today, "end_date": today, "email_subscribers": ["ada@example.com"]});
    let path = format!("{list}/usage-report");
    client.post(&path, &wanted).await?;
    let report = progress::until_built(client, &path).await?;
    let what = format!(
        "the usage report is built: {} rows, {} bytes of CSV",
        screen::grouped(number(&report, "rows")?),
        screen::grouped(number(&report, "bytes")?),
    );
    screen::step(started.elapsed(), &what);
    screen::detail(&format!("/v1/usage-report/{}/download", text(&report, "_id")?));
    Ok(())
}

fn text(answer: &Value, key: &str) -> anyhow::Result<String> {
    let text = answer.get(key).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("the answer has no {key}: {answer}"))?
        .to_owned())
}

fn number(answer: &Value, key: &str) -> anyhow::Result<u64> {
    let number = answer.get(key).and_then(Value::as_u64);
    number.with_context(|| format!("the answer has no {key}: {answer}"))
}
