//! Whether it slows down while a list is used up.

use sqlx::{query, query_as};

use crate::{
    figures::{count, float},
    stand::{Kind, Stand, wrk},
};

/// So much is left for the last level.
const LEFT: u64 = 300_000;
/// Of each NDJSON request.
const LINES: u64 = 20_000;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let (list, _) = stand.loaded_list().await?;
    levels(stand, &list, stand.size.codes).await
}

/// A list of so many codes, none of them handed out.
pub(super) async fn levels(stand: &mut Stand, list: &str, codes: u64) -> anyhow::Result<()> {
    let (address, lists) = (stand.server.address, &[list.to_owned()]);
    for used in [codes / 100, codes / 2, codes - LEFT] {
        fill(stand, list, used).await?;
        let percent = format!("{:.2}", float(used) / float(codes) * 100.0);
        let notes = [percent.clone(), count(codes)];
        for round in 0..=stand.size.rounds {
            // A second each: more would use up what is left at the end.
            let single = wrk::run(Kind::Single, address, lists, 256, 1).await?.rate;
            let stream = float(LINES) / stand.stream(list, "", LINES).await?;
            // The first does not count: after a checkpoint the first change of each page costs a whole page of WAL.
            if round > 0 {
                stand.add(&format!("used.single.{percent}"), single, &notes)?;
                stand.add(&format!("used.stream.{percent}"), stream, &notes)?;
            }
        }
    }
    Ok(())
}

/// Writes the ledger as if so many codes had been handed out, since that many requests take too long. The keys come in
/// order, spread over all there are, so that those of later requests fall between them as they would.
async fn fill(stand: &mut Stand, list: &str, used: u64) -> anyhow::Result<()> {
    let list = stand.database.list_id(list).await?;
    let unfilled = query_as(include_str!("queries/unfilled.sql")).bind(list);
    let unfilled = unfilled.bind(i64::try_from(used)?);
    let unfilled: Vec<(i64, i64, i64)> = unfilled.fetch_all(&mut stand.database.connection).await?;
    for (file, first, end) in unfilled.into_iter().filter(|(_, first, end)| first < end) {
        let fill = query(include_str!("queries/fill_ledger.sql")).persistent(false);
        let fill = fill.bind(list).bind(file).bind(first).bind(end);
        fill.execute(&mut stand.database.connection).await?;
    }
    stand.database.run("vacuum analyze ledger").await?;
    stand.database.run("checkpoint").await
}
