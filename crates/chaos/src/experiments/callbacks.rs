//! Servers die between the end of a load and its callback, and receivers fail: each file's uploader hears of it, and a repeat
//! can be told by its id.

use std::{collections::BTreeSet, time::Duration};

use rand::RngExt as _;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Run, Verdict, millis};
use crate::{
    receiver::{Manner, Receiver},
    stand::Stand,
};

const CODES_OF_A_FILE: u64 = 10;
/// A callback that a death has cut off comes again within its lease and the look for silent workers; one that was refused
/// after a pause.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// When all servers die.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The load has ended.
    Ended,
    /// The receiver is at it.
    Called,
    /// It has answered, and nobody has noted that yet.
    Taken,
}

const MOMENTS: [(Moment, Manner); 3] = [
    (Moment::Ended, Manner::Take),
    (Moment::Called, Manner::Late),
    (Moment::Taken, Manner::Take),
];
const TROUBLES: [Manner; 4] = [Manner::Refuse, Manner::BreakOff, Manner::Stall, Manner::Late];

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list().await?;
    let receiver = Receiver::start(stand.asked(&list).servers).await?;
    let mut chance = run.chance();
    let (mut expected, mut kills, mut slowest) = (Vec::new(), 0, Duration::ZERO);
    for (number, (moment, manner)) in
        (0..).zip(MOMENTS.iter().copied().cycle().take(run.bounds.kills as usize))
    {
        if run.is_over() {
            break;
        }
        // Now and then the file is one that fails.
        let codes = if number % 4 == 3 { 0 } else { CODES_OF_A_FILE };
        expected.push((manner, number));
        let file = upload(&stand, &list, &receiver, (manner, number), codes).await?;
        match moment {
            Moment::Ended => _ = stand.ended(&file).await?,
            Moment::Called => receiver.called(manner, number).await?,
            Moment::Taken => receiver.taken(manner, number).await?,
        }
        sleep(Duration::from_millis(chance.random_range(0..10))).await;
        stand.kill_servers().await?;
        kills += 1;
        slowest = slowest.max(until_all_are_made(&stand).await?);
    }
    for (number, manner) in (1_000..).zip(TROUBLES) {
        expected.push((manner, number));
        upload(&stand, &list, &receiver, (manner, number), CODES_OF_A_FILE).await?;
    }
    for (manner, number) in &expected {
        receiver.taken(*manner, *number).await?;
    }
    let longest = until_all_are_made(&stand).await?;
    let (calls, mut violations) = judge(&receiver, &expected);
    if slowest > DELIVERED_WITHIN || longest > DELIVERED_WITHIN {
        violations.push(format!(
            "callbacks were made {slowest:?} after a kill, {longest:?} at last"
        ));
    }
    let given_up = "select count(*) from job where kind = 'call_back' and state = 'dead'";
    if stand.primary.sql(given_up)? != "0" {
        violations.push("a callback was given up".to_owned());
    }
    let files = expected.len() as u64;
    Ok(vec![Verdict::new(
        "G23",
        [
            ("kills of all servers", kills),
            ("receivers that failed", TROUBLES.len() as u64),
            ("files", files),
            ("calls", calls),
            ("of them repeats", calls - files.min(calls)),
            ("ms after a kill, at most", millis(slowest)),
        ],
        violations,
    )])
}

async fn upload(
    stand: &Stand,
    list: &str,
    receiver: &Receiver,
    (manner, number): (Manner, u64),
    codes: u64,
) -> anyhow::Result<String> {
    let url = stand.url(number * CODES_OF_A_FILE, codes);
    let body = json!({"file_url": url, "callback_url": receiver.url(manner, number)});
    stand.upload_as(list, &body).await
}

/// Waits until no callback is to be made any more; how long that took.
async fn until_all_are_made(stand: &Stand) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let left = "select count(*) from job where kind = 'call_back' and state in ('ready', 'running')";
    while stand.primary.sql(left)? != "0" && began.elapsed() < 2 * DELIVERED_WITHIN {
        sleep(POLL).await;
    }
    Ok(began.elapsed())
}

/// How many calls there were, and what was wrong with them.
fn judge(receiver: &Receiver, expected: &[(Manner, u64)]) -> (u64, Vec<String>) {
    let (mut number_of_calls, mut violations) = (0, Vec::new());
    let mut ids_of_all = BTreeSet::new();
    for (manner, number) in expected {
        let calls = receiver.calls(*manner, *number);
        number_of_calls += calls.len() as u64;
        let ids: BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        if ids.len() != 1 {
            violations.push(format!("{manner:?} {number} was called by the ids {ids:?}"));
        }
        for id in ids {
            if !ids_of_all.insert(id.to_owned()) {
                violations.push(format!("{id} is the id of two files"));
            }
        }
        for call in &calls {
            let is_final = matches!(call.told.as_deref(), Some("SUCCESS" | "FAILED"));
            if !is_final || call.shown != call.told {
                violations.push(format!(
                    "{manner:?} {number} was told {:?}, and shown {:?}",
                    call.told, call.shown
                ));
            }
        }
    }
    (number_of_calls, violations)
}
