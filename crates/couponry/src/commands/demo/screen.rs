//! What the demonstration prints.

#![expect(clippy::print_stdout, reason = "the demonstration talks to a person")]

use std::{net::SocketAddr, time::Duration};

use secrecy::ExposeSecret as _;

use super::client::Client;

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

pub(super) fn farewell(address: SocketAddr, client: &Client, list: &str) {
    let id = &client.workspace.workspace_id;
    let key = client.workspace.api_key.expose_secret();
    println!(
        "
The server stays up at http://{address} until Ctrl-C. To try it from another terminal:

  URL=http://{address} WORKSPACE={id} KEY={key} LIST={list}
  curl -u \"$WORKSPACE:$KEY\" \"$URL/v1/coupon-list/$LIST\"
  curl -u \"$WORKSPACE:$KEY\" -H 'Content-Type: application/json' \\
    -d '{{\"user_id\":\"ada\"}}' \"$URL/v1/coupon-list/$LIST/allocations\"
"
    );
}

/// `7489827` → `7,489,827`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
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
    fn numbers_and_times_read_well() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (7_489_827, "7,489,827")] {
            assert_eq!(grouped(number), text);
        }
        for (microseconds, text) in [(1_250, "1.2 ms"), (87_000, "87 ms"), (1_440_000, "1.4 s")] {
            assert_eq!(readable(Duration::from_micros(microseconds)), text);
        }
    }
}
