//! Servers die while shortages are told, and the mail relay fails in every way: each mail goes out, and the API does not
//! notice.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, ensure};
use chaos::gate::{Gate, Way};
use rand::{RngExt as _, rngs::StdRng};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Run, Verdict, millis};
use crate::{
    relay::{Mood, Relay},
    stand::Stand,
    storm::Asked,
};

const THRESHOLD: u64 = 10;
const CODES_OF_A_FILE: u64 = 20;
/// How long a relay is in trouble.
const TROUBLE: Duration = Duration::from_secs(6);
/// An allocation is answered within this time whatever the relay does.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);

const TROUBLES: [(&str, Way, Mood); 5] = [
    ("refused", Way::Refuse, Mood::Willing),
    ("silent", Way::Silence, Mood::Willing),
    ("cut-off", Way::CutAnswers, Mood::Willing),
    ("closed", Way::Open, Mood::Closed),
    ("busy", Way::Open, Mood::Busy),
];

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let relay = Relay::start().await?;
    let gate = Gate::open(relay.address).await?;
    let settings = vec![
        ("COUPONRY_SMTP_URL", format!("smtp://{}?tls=none", gate.address())),
        ("COUPONRY_MAIL_FROM", "coupons@example.com".to_owned()),
    ];
    let mut stand = run.stand_with(settings).await?;
    Ok(vec![
        alerts(run, &mut stand, &relay).await?,
        relay_in_trouble(run, &mut stand, &gate, &relay).await?,
    ])
}

/// Each list goes below its threshold twice; all servers die when it does so for the first time.
async fn alerts(run: &Run, stand: &mut Stand, relay: &Relay) -> anyhow::Result<Verdict> {
    let mut chance = run.chance();
    let (mut kills, mut mails, mut repeats) = (0, 0, 0);
    let (mut slowest, mut violations) = (Duration::ZERO, Vec::new());
    let enough = watched_list(stand, "enough@example.com").await?;
    drain(stand, &enough, "enough", CODES_OF_A_FILE - THRESHOLD).await?;
    for n in run.bounds.times(run.bounds.kills) {
        let to = format!("list-{n}@example.com");
        let list = watched_list(stand, &to).await?;
        relay.set(if n % 2 == 0 { Mood::Slow } else { Mood::Willing });
        drain(stand, &list, "a", CODES_OF_A_FILE - THRESHOLD + 1).await?;
        let began = Instant::now();
        kill_all(stand, relay, &to, n, &mut chance).await?;
        kills += 1;
        relay.until(&to, 1).await?;
        slowest = slowest.max(began.elapsed());
        until_sent(stand).await?;
        let file = stand.upload(&list, CODES_OF_A_FILE, CODES_OF_A_FILE).await?;
        stand.loaded(&file).await?;
        until_armed(stand, &list).await?;
        drain(stand, &list, "b", CODES_OF_A_FILE).await?;
        relay.until(&to, 2).await?;
        until_sent(stand).await?;
        let all = relay.mails(&to);
        let ids: BTreeSet<&str> = all.iter().map(|mail| mail.id.as_str()).collect();
        mails += ids.len() as u64;
        repeats += (all.len() - ids.len()) as u64;
        if ids.len() != 2 || all.len() > 3 {
            violations.push(format!("two shortages were told by {all:?}"));
        }
    }
    if !relay.mails("enough@example.com").is_empty() {
        violations.push("a shortage was told of a list that has enough".to_owned());
    }
    relay.set(Mood::Willing);
    Ok(Verdict::new(
        "G24",
        [
            ("kills of all servers", kills),
            ("shortages", 2 * kills),
            ("mails", mails),
            ("of them sent twice", repeats),
            ("ms to the first after a kill, at most", millis(slowest)),
        ],
        violations,
    ))
}

async fn watched_list(stand: &mut Stand, to: &str) -> anyhow::Result<String> {
    let alert = json!({"coupon_shortage_alert": {"alert": true, "threshold_count": THRESHOLD}});
    let list = json!({"email_alert_subscribers": [to], "alert_conditions": alert});
    let list = stand.list_with(list).await?;
    let file = stand.upload(&list, 0, CODES_OF_A_FILE).await?;
    stand.loaded(&file).await?;
    Ok(list)
}

/// Takes so many codes, of all servers in turn.
async fn drain(stand: &Stand, list: &str, name: &str, codes: u64) -> anyhow::Result<()> {
    let asked = stand.asked(list);
    let mut entries = Vec::new();
    for n in 0..codes {
        let server = usize::try_from(n)? % asked.servers.len();
        asked.insist(&format!("{name}-{n}"), server, &mut entries).await;
    }
    let got = entries.iter().filter(|entry| entry.code().is_some()).count();
    ensure!(got as u64 == codes, "{got} codes of {codes} were taken");
    Ok(())
}

/// At some moment, or while the relay has the mail and has not said so.
async fn kill_all(
    stand: &mut Stand,
    relay: &Relay,
    to: &str,
    round: u32,
    chance: &mut StdRng,
) -> anyhow::Result<()> {
    if round.is_multiple_of(2) {
        relay.until(to, 1).await?;
    }
    sleep(Duration::from_millis(chance.random_range(0..900))).await;
    stand.kill_servers().await
}

/// Waits until no mail is under way.
async fn until_sent(stand: &Stand) -> anyhow::Result<()> {
    let left = "select count(*) from job where kind = 'send_mail' and state in ('ready', 'running')";
    until(stand, left, "mails stay under way").await
}

/// Waits until it was seen that the list has enough again.
async fn until_armed(stand: &Stand, list: &str) -> anyhow::Result<()> {
    let id = list.rsplit('/').next().context("a list has no id")?;
    let fired = format!(
        "select count(*) from list_watch w join coupon_list c using (list_id)
         where encode(c.public_id, 'hex') = '{id}' and w.shortage_fired_at is not null"
    );
    until(stand, &fired, "it is not seen that a list has enough again").await
}

async fn until(stand: &Stand, none_left: &str, otherwise: &'static str) -> anyhow::Result<()> {
    let began = Instant::now();
    while stand.primary.sql(none_left)? != "0" {
        ensure!(began.elapsed() < PATIENCE, "{otherwise}");
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Mails wait while the relay is in trouble, clients do not, and afterwards they go out.
async fn relay_in_trouble(
    run: &Run,
    stand: &mut Stand,
    gate: &Gate,
    relay: &Relay,
) -> anyhow::Result<Verdict> {
    let other = stand.list_of(50_000).await?;
    let asked = stand.asked(&other);
    let (mut ways, mut requests, mut violations) = (0, 0, Vec::new());
    let (mut slowest, mut sent) = (Duration::ZERO, Duration::ZERO);
    for (what, way, mood) in TROUBLES {
        if run.is_over() {
            break;
        }
        ways += 1;
        gate.set(way);
        relay.set(mood);
        let to = format!("{what}@example.com");
        let alert = json!({"email_alert_subscribers": [to], "alert_conditions": {"success_alert": true}});
        let list = stand.list_with(alert).await?;
        let file = stand.upload(&list, 0, CODES_OF_A_FILE).await?;
        stand.loaded(&file).await?;
        let (asked_for, took) = ask_meanwhile(&asked, what, &mut violations).await;
        requests += asked_for;
        slowest = slowest.max(took);
        if !relay.mails(&to).is_empty() {
            violations.push(format!("{what}: a mail went out all the same"));
        }
        gate.set(Way::Open);
        relay.set(Mood::Willing);
        let began = Instant::now();
        relay.until(&to, 1).await?;
        sent = sent.max(began.elapsed());
        let mails = relay.mails(&to).len();
        if mails != 1 {
            violations.push(format!("{what}: {mails} mails of one file"));
        }
    }
    Ok(Verdict::new(
        "G26",
        [
            ("relays in trouble", ways),
            ("codes asked for meanwhile", requests),
            ("ms to a code, at most", millis(slowest)),
            ("ms to the mail afterwards, at most", millis(sent)),
        ],
        violations,
    ))
}

/// How many codes were asked for while the relay was in trouble, and how long one took at most.
async fn ask_meanwhile(asked: &Asked, what: &str, violations: &mut Vec<String>) -> (u64, Duration) {
    let (mut requests, mut slowest) = (0, Duration::ZERO);
    let began = Instant::now();
    for server in (0..asked.servers.len()).cycle() {
        if began.elapsed() > TROUBLE {
            break;
        }
        let asked_at = Instant::now();
        let entry = asked.ask(&format!("{what}-{requests}"), server).await;
        requests += 1;
        let took = asked_at.elapsed();
        slowest = slowest.max(took);
        if entry.status != 201 || took > ANSWERED_WITHIN {
            violations.push(format!(
                "{what}: a code was asked for: {} after {took:?}",
                entry.status
            ));
        }
        sleep(PAUSE).await;
    }
    (requests, slowest)
}
