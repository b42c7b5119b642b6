//! Waiting for a file to be loaded, with a bar.

use std::time::Duration;

use anyhow::bail;
use demo::client::Client;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::time::{Instant, interval};

const PATIENCE: Duration = Duration::from_mins(15);

/// Asks how far the file is until it is no longer pending, and then for the file itself. Where standard error is no
/// terminal there is no bar.
pub(super) async fn until_loaded(client: &Client, file: &str) -> anyhow::Result<Value> {
    let style =
        ProgressStyle::with_template("             {bar:40} {bytes} of {total_bytes}, {msg} {elapsed}")?;
    let bar = ProgressBar::new(0).with_style(style);
    let started = Instant::now();
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let progress = client.get(&format!("{file}/progress")).await?;
        let number = |key| progress.get(key).and_then(Value::as_u64).unwrap_or_default();
        let text = |key| progress.get(key).and_then(Value::as_str).unwrap_or_default();
        bar.set_length(number("bytes_expected"));
        bar.set_position(number("bytes_read"));
        bar.set_message(text("stage").to_owned());
        bar.tick();
        match text("status") {
            "SUCCESS" => {
                bar.finish_and_clear();
                return client.get(file).await;
            }
            "PENDING" if started.elapsed() < PATIENCE => {}
            _ => bail!("the file was not loaded: {}", client.get(file).await?),
        }
    }
}
