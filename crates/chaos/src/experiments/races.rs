//! Many ask at once: for the last code, for one key, for codes of a list whose transactions are slow and fail.

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Run, Verdict, judge};
use crate::{
    history::{Entry, History, Loss},
    stand::Stand,
    storm::{Aftermath, Asked, ask},
};

/// How many ask for the last code.
const FOR_ONE: usize = 200;
/// How often a key is asked for at once.
const SIDES: usize = 5;
const KEYS: usize = 2_000;
const SCARCE: u64 = 50;
const HINDERED: usize = 8;

/// Every allocation takes 150 ms, longer than a call for several lists waits for a gate, and every third one fails.
const HINDRANCE: &str = "create sequence hindrance;
    create function hinder() returns trigger language plpgsql as $$ begin
        perform pg_sleep(0.15);
        if nextval('hindrance') % 3 = 0 then raise exception 'hindered' using errcode = '57014'; end if;
        return null; end $$;
    create trigger hinder after insert on ledger for each statement execute function hinder()";
const NO_HINDRANCE: &str = "drop trigger hinder on ledger";

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    Ok(vec![
        last_code(run, &mut stand).await?,
        equal_keys(run, &mut stand).await?,
        scarce(run, &mut stand).await?,
    ])
}

async fn at_once(asked: &Asked, keys: impl Iterator<Item = String>) -> Vec<Entry> {
    let mut asking = JoinSet::new();
    for (n, key) in keys.enumerate() {
        let asked = asked.clone();
        asking.spawn(async move { asked.ask(&key, n % asked.servers.len()).await });
    }
    asking.join_all().await
}

async fn last_code(run: &Run, stand: &mut Stand) -> anyhow::Result<Verdict> {
    let (mut violations, mut rounds, mut requests) = (Vec::new(), 0, 0);
    for round in run.bounds.times(run.bounds.rounds) {
        let list = stand.list_of(1).await?;
        // Each key from two sides: who hears that there is none may get it by the other.
        let keys = (0..FOR_ONE).map(|n| format!("r{round}-{}", n / 2));
        let entries = at_once(&stand.asked(&list), keys).await;
        let answered = |status| entries.iter().filter(|entry| entry.status == status).count();
        let (got, again) = (answered(201), answered(200));
        let refused = entries
            .iter()
            .filter(|entry| entry.is("coupons-exhausted"))
            .count();
        if (got, again, refused) != (1, 1, FOR_ONE - 2) {
            violations.push(format!(
                "of {FOR_ONE} {got} got the last code, {again} got it again, and {refused} heard that there is none"
            ));
        }
        rounds += 1;
        requests += entries.len() as u64;
    }
    Ok(Verdict::new(
        "G1",
        [("races for a last code", rounds), ("requests", requests)],
        violations,
    ))
}

async fn equal_keys(run: &Run, stand: &mut Stand) -> anyhow::Result<Verdict> {
    let list = stand.list_of(2 * KEYS as u64).await?;
    let asked = stand.asked(&list);
    let mut history = History::default();
    for part in 0..KEYS / 100 {
        let keys = (0..SIDES).flat_map(|_| (0..100).map(move |n| format!("e{}", part * 100 + n)));
        history.entries.extend(at_once(&asked, keys).await);
    }
    // And once more after all servers were started anew.
    for server in &mut stand.servers {
        server.kill()?;
        server.start().await?;
    }
    for n in 0..KEYS {
        history
            .entries
            .push(asked.ask(&format!("e{n}"), n % asked.servers.len()).await);
    }
    let before = stand.stock(&list).await?;
    let aftermath = Aftermath { history, hang_ups: 0 };
    let mut violations = judge(&aftermath, before);
    // Nothing was broken, so nobody has to ask again.
    let turned_away = aftermath.history.entries.iter();
    let turned_away = turned_away
        .filter(|entry| matches!(entry.status, 0 | 503))
        .count();
    if turned_away > 0 {
        violations.push(format!("{turned_away} were not served"));
    }
    // A key again, for another campaign: a conflict, and nothing is taken.
    let mut conflicts = 0;
    for (n, client) in (0..100).zip(asked.servers.iter().cycle()) {
        let other = json!({"user_id": format!("e{n}"), "request_id": format!("m{n}")});
        let path = format!("{list}/allocations");
        let first = ask(client, Method::POST, &path, Some(&other)).await;
        let another = json!({"user_id": "somebody else", "request_id": format!("m{n}")});
        let second = ask(client, Method::POST, &path, Some(&another)).await;
        match (
            first.map(|answer| answer.status),
            second.map(|answer| answer.status),
        ) {
            (Some(201), Some(409)) => conflicts += 1,
            found => violations.push(format!("a request of one, then of another user: {found:?}")),
        }
    }
    let after = stand.stock(&list).await?;
    if after.allocated != before.allocated + 100 {
        violations.push(format!("conflicts took codes: {before:?}, then {after:?}"));
    }
    run.keep("equal-keys", &aftermath, &violations)?;
    Ok(Verdict::new(
        "G2",
        [
            ("keys", KEYS as u64),
            ("requests", aftermath.history.entries.len() as u64),
            ("conflicts", conflicts),
        ],
        violations,
    ))
}

async fn scarce(run: &Run, stand: &mut Stand) -> anyhow::Result<Verdict> {
    let list = stand.list_of(SCARCE).await?;
    let asked = stand.asked(&list);
    stand.primary.sql(HINDRANCE)?;
    // Few at once, so that there are many transactions.
    let mut asking = JoinSet::new();
    for client in 0..HINDERED {
        let asked = asked.clone();
        asking.spawn(async move {
            let mut entries = Vec::new();
            for n in (client..FOR_ONE).step_by(HINDERED) {
                // From two sides: a key of which one call finds no code may get it by the other.
                let (key, mut others) = (format!("s{n}"), Vec::new());
                let (one, other) = (n % asked.servers.len(), (n + 1) % asked.servers.len());
                tokio::join!(
                    asked.insist(&key, one, &mut entries),
                    asked.insist(&key, other, &mut others)
                );
                entries.extend(others);
            }
            entries
        });
    }
    let entries = asking.join_all().await.into_iter().flatten().collect();
    stand.primary.sql(NO_HINDRANCE)?;
    let aftermath = Aftermath {
        history: History { entries },
        hang_ups: 0,
    };
    let mut violations = aftermath.history.violations(Loss::Never);
    let history = &aftermath.history;
    let stock = stand.stock(&list).await?;
    if history.codes().len() as u64 != SCARCE || stock.available != 0 {
        violations.push(format!(
            "{} codes were answered, and the stock is {stock:?}",
            history.codes().len()
        ));
    }
    // Somebody who was told that there is none, before the last one went out.
    let last = history.entries.iter().filter(|entry| entry.status == 201);
    let last = last.map(|entry| entry.answered_at).max().unwrap_or_default();
    let too_early = |entry: &&Entry| entry.is("coupons-exhausted") && entry.answered_at + 100_000 < last;
    if let Some(early) = history.entries.iter().find(too_early) {
        violations.push(format!(
            "exhausted was said {} µs before the last code",
            last - early.answered_at
        ));
    }
    run.keep("scarce", &aftermath, &violations)?;
    Ok(Verdict::new(
        "G6",
        [
            ("codes", SCARCE),
            ("keys", history.keys() as u64),
            ("requests", history.entries.len() as u64),
        ],
        violations,
    ))
}
