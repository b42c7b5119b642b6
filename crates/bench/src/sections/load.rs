//! A hosted file of 100 MB becomes codes in a list.

use futures_util::future::try_join_all;

use super::row_per_code;
use crate::{
    figures::{count, float},
    stand::{FILE, LINE_BYTES, Stand},
};

const AT_ONCE: usize = 8;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let (codes, rounds) = (stand.size.codes, stand.size.rounds);
    let blocks = stand.database.block_bytes().await?;
    let before = stand.server.forget_peak()?;
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        stand.database.run("checkpoint").await?;
        let (list, took) = stand.loaded_list().await?;
        fresh.push(took);
        repeated.push(stand.load(&list, FILE, 0).await?.0);
    }
    let grown = stand.server.peak()? - before;
    let blocks = stand.database.block_bytes().await? - blocks;
    let megabytes = codes * LINE_BYTES / 1_000_000;
    stand.add("load.file", &fresh, &[megabytes.to_string(), count(codes)])?;
    stand.add("load.repeated", &repeated, &[])?;
    stand.add("load.memory", &[grown], &[format!("{before:.0}")])?;
    stand.add("load.disk", &[blocks / float(codes * LINE_BYTES * rounds)], &[])?;
    let plain = row_per_code::load_plain(stand).await?;
    stand.database.run("drop table row_per_code_plain").await?;
    stand.add("load.plain", &[plain], &[])?;
    let indexed = row_per_code::load_indexed(stand).await?;
    stand.add("load.indexed", &[indexed], &[])?;
    eight_at_once(stand).await
}

async fn eight_at_once(stand: &mut Stand) -> anyhow::Result<()> {
    let mut lists = Vec::new();
    for _ in 0..AT_ONCE {
        lists.push(stand.new_list().await?);
    }
    let before = stand.server.forget_peak()?;
    let loads = lists.iter().map(|list| stand.load(list, FILE, stand.size.codes));
    let loads = try_join_all(loads).await?;
    let last = loads.into_iter().map(|(took, _)| took).fold(0.0, f64::max);
    let grown = stand.server.peak()? - before;
    stand.add("load.eight-memory", &[grown], &[format!("{last:.1}")])?;
    // Eight lists of no further use: their blocks would be in the way of what comes next.
    for list in lists {
        stand.archive(&list).await?;
    }
    Ok(())
}
