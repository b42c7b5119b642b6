//! Eight files for one list at once: each has codes of others, or together they are too many for the list.

use demo::client::{number, text};
use serde_json::Value;

use super::{Run, Verdict};
use crate::stand::Stand;

const FILES: u64 = 8;
const CODES_OF_A_FILE: u64 = 20_000;
/// What they come to where each has half of the codes of the one before.
const DIFFERENT: u64 = (FILES + 1) * CODES_OF_A_FILE / 2;
/// How many files without common codes a list takes; one more does not fit by half.
const FIT: u64 = 5;
const CAP: u64 = FIT * CODES_OF_A_FILE + CODES_OF_A_FILE / 2;

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let settings = vec![("COUPONRY_LIST_CODES", CAP.to_string())];
    let mut stand = run.stand_with(settings).await?;
    let (mut rounds, mut doubled, mut overfilled) = (0, Vec::new(), Vec::new());
    for _ in run.bounds.times(run.bounds.rounds) {
        doubled.extend(load_overlapping(&mut stand).await?);
        overfilled.extend(load_too_many(&mut stand).await?);
        rounds += 1;
    }
    Ok(vec![
        Verdict::new(
            "G14",
            [
                ("rounds", rounds),
                ("files", rounds * FILES),
                ("different codes", rounds * DIFFERENT),
            ],
            doubled,
        ),
        Verdict::new(
            "G18",
            [
                ("rounds", rounds),
                ("files", rounds * FILES),
                ("codes that a list may hold", CAP),
            ],
            overfilled,
        ),
    ])
}

/// Files of so many codes at once, each of which begins so many after the one before; how they ended.
async fn load_at_once(stand: &Stand, list: &str, step: u64) -> anyhow::Result<Vec<Value>> {
    let mut files = Vec::new();
    for n in 0..FILES {
        files.push(stand.upload(list, n * step, CODES_OF_A_FILE).await?);
    }
    let mut ended = Vec::new();
    for file in &files {
        ended.push(stand.ended(file).await?);
    }
    Ok(ended)
}

/// What was wrong where each file has half of the codes of the one before.
async fn load_overlapping(stand: &mut Stand) -> anyhow::Result<Option<String>> {
    let list = stand.list().await?;
    let (mut added, mut failed) = (0, 0);
    for file in load_at_once(stand, &list, CODES_OF_A_FILE / 2).await? {
        added += number(&file, "added_coupons")?;
        failed += u64::from(text(&file, "status")? != "SUCCESS");
    }
    let stock = stand.stock(&list).await?;
    let is_well =
        failed == 0 && added == DIFFERENT && stock.total == DIFFERENT && stock.available == DIFFERENT;
    Ok((!is_well).then(|| {
        format!("of {DIFFERENT} codes {added} were added, {failed} files failed, and the stock is {stock:?}")
    }))
}

/// What was wrong where no file has codes of another one.
async fn load_too_many(stand: &mut Stand) -> anyhow::Result<Option<String>> {
    let list = stand.list().await?;
    let (mut loaded, mut refused) = (0, 0);
    for file in load_at_once(stand, &list, CODES_OF_A_FILE).await? {
        let reason = file.pointer("/details/reason").and_then(Value::as_str);
        loaded += u64::from(text(&file, "status")? == "SUCCESS");
        refused += u64::from(reason.is_some_and(|reason| reason.starts_with("list would hold more")));
    }
    let stock = stand.stock(&list).await?;
    let is_well = (loaded, refused) == (FIT, FILES - FIT) && stock.total == FIT * CODES_OF_A_FILE;
    Ok((!is_well)
        .then(|| format!("{loaded} files were loaded, {refused} refused, and the stock is {stock:?}")))
}
