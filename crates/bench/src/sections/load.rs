//! A hosted file of 100 MB becomes codes in a list.

use futures_util::future::try_join_all;
use reqwest::Method;

use super::row_per_code;
use crate::{
    figures::{count, float},
    stand::{FILE, LINE_BYTES, Stand},
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let (codes, rounds) = (stand.size.codes, stand.size.rounds);
    let file = [codes * LINE_BYTES / 1_000_000, codes].map(count);
    let blocks = stand.database.block_bytes().await?;
    let before = stand.server.forget_peak()?;
    for _ in 0..rounds {
        stand.database.run("checkpoint").await?;
        let (list, took) = stand.loaded_list().await?;
        stand.add("load.file", took, &file)?;
        let (took, _) = stand.load(&list, FILE, 0).await?;
        stand.add("load.repeated", took, &[])?;
    }
    let grown = stand.server.peak()? - before;
    stand.add("load.memory", grown, &[format!("{before:.0}")])?;
    let blocks = stand.database.block_bytes().await? - blocks;
    stand.add("load.disk", blocks / float(codes * LINE_BYTES * rounds), &[])?;
    let plain = row_per_code::load(stand, "").await?;
    stand.add("load.plain", plain, &[])?;
    let indexed = row_per_code::load(stand, row_per_code::UNIQUE).await?;
    stand.add("load.indexed", indexed, &[])?;
    eight_at_once(stand).await
}

async fn eight_at_once(stand: &mut Stand) -> anyhow::Result<()> {
    let mut lists = Vec::new();
    for _ in 0..8 {
        lists.push(stand.new_list().await?);
    }
    let before = stand.server.forget_peak()?;
    let loads = lists.iter().map(|list| stand.load(list, FILE, stand.size.codes));
    let loads = try_join_all(loads).await?;
    let last = loads.into_iter().map(|(took, _)| took).fold(0.0, f64::max);
    let grown = stand.server.peak()? - before;
    stand.add("load.eight-memory", grown, &[format!("{last:.1}")])?;
    // Eight lists of no further use: their blocks would be in the way of what comes next.
    for list in lists {
        let archive = format!("{list}/archive");
        stand.client.send(Method::PUT, &archive, None).await?;
    }
    Ok(())
}
