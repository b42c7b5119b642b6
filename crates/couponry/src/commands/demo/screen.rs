//! What the demonstration prints.

#![expect(clippy::print_stdout, reason = "the demonstration talks to a person")]

use std::time::Duration;

use reqwest::Url;
use secrecy::ExposeSecret as _;

use crate::config::Bootstrap;

pub(super) fn title() {
    println!("\ncouponry: a demonstration, by the public API\n");
}

/// One thing done, and how long it took.
pub(super) fn step(took: Duration, what: &str) {
    println!("  {:>9}  {what}", readable(took));
}

/// More about the step above.
pub(super) fn detail(what: &str) {
    println!("             {what}");
}

pub(super) fn farewell(url: &Url, workspace: &Bootstrap, list: &str) {
    let url = url.as_str().trim_end_matches('/');
    let id = &workspace.workspace_id;
    let key = workspace.api_key.expose_secret();
    println!(
        "
The server stays up at {url} until Ctrl-C. To try it from another terminal:

  URL={url} WORKSPACE={id} KEY={key} LIST={list}
  curl -u \"$WORKSPACE:$KEY\" \"$URL/v1/coupon-list/$LIST\"
  curl -u \"$WORKSPACE:$KEY\" -H 'Content-Type: application/json' \\
    -d '{{\"user_id\":\"ada\"}}' \"$URL/v1/coupon-list/$LIST/allocations\"
"
    );
}

pub(super) fn console(link: &str) {
    println!("The console in a browser, signed in, by this link, once and within an hour:\n\n  {link}\n");
}

fn readable(took: Duration) -> String {
    if took < Duration::from_millis(10) {
        format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
    } else if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        for (microseconds, text) in [(1_250, "1.2 ms"), (87_000, "87 ms"), (1_440_000, "1.4 s")] {
            assert_eq!(readable(Duration::from_micros(microseconds)), text);
        }
    }
}
