//! A list of a hundred million codes: loaded, used up, and another one archived.

use anyhow::ensure;
use reqwest::Method;
use tokio::time::{Duration, Instant, sleep};

use super::{reads, used};
use crate::{
    figures::{count, float},
    stand::{Kind, LINE_BYTES, Stand, server::PATIENCE, wrk},
};

const FILES: u64 = 13;
const NAME: &str = "full.csv";
/// What a list may hold.
const MOST: u64 = 100_000_000;
/// What is loaded after the 13 files.
const MORE: u64 = 1_000;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    // A hundred million, or what 13 files of a smaller run come to.
    let all = MOST.min(FILES * stand.size.codes);
    let blocks = stand.database.block_bytes().await?;
    let list = stand.new_list().await?;
    let (took, file) = fill(stand, &list, all).await?;
    for (number, &time) in (1..).zip(&took) {
        stand.add(&format!("full.file.{number}"), time, &[number.to_string()])?;
    }
    stand.add("full.all", took.iter().sum(), &[count(all)])?;
    let on = format!("{} codes in the list", count(all));
    reads::thousand_more(stand, &list, all - MORE, &on).await?;
    let blocks = stand.database.block_bytes().await? - blocks;
    stand.add("full.disk", blocks / float(all * LINE_BYTES), &[count(all)])?;
    reads::big_list(stand, &list, &file, all).await?;
    archive(stand, all).await?;
    used::levels(stand, &list, all).await
}

/// 13 files with room for a thousand codes more; how long each took, and the last one's path.
async fn fill(stand: &Stand, list: &str, all: u64) -> anyhow::Result<(Vec<f64>, String)> {
    let (mut took, mut path) = (Vec::new(), String::new());
    for number in 0..FILES {
        let first = number * stand.size.codes;
        let count = stand.size.codes.min(all - MORE - first);
        stand.write_file(NAME, first, count).await?;
        let (time, file) = stand.load(list, NAME, count).await?;
        took.push(time);
        path = file;
    }
    Ok((took, path))
}

/// Of a list that nobody has used, so that all its blocks go; another list hands out meanwhile.
async fn archive(stand: &mut Stand, all: u64) -> anyhow::Result<()> {
    let list = stand.new_list().await?;
    fill(stand, &list, all).await?;
    let others = [stand.loaded_list().await?.0];
    let (address, seconds) = (stand.server.address, stand.size.seconds);
    let id = stand.database.list_id(&list).await?;
    for _ in 0..stand.size.rounds {
        let quiet = wrk::run(Kind::Single, address, &others, 64, seconds).await?;
        stand.add("archive.quiet", quiet.p99, &[])?;
    }
    let busy = wrk::run(Kind::Single, address, &others, 64, 2 * seconds);
    let (client, database) = (&stand.client, &mut stand.database);
    let archived = async {
        sleep(Duration::from_millis(500)).await;
        let started = Instant::now();
        client.send(Method::PUT, &format!("{list}/archive"), None).await?;
        let answered = started.elapsed();
        let is_left = format!("select exists (select from block where list_id = {id})");
        while database.get::<bool>(&is_left).await? {
            ensure!(started.elapsed() < PATIENCE, "the blocks do not go");
            sleep(Duration::from_millis(100)).await;
        }
        Ok((answered.as_secs_f64(), started.elapsed().as_secs_f64()))
    };
    let (busy, archived): (_, anyhow::Result<_>) = tokio::join!(busy, archived);
    let (answered, gone) = archived?;
    stand.add("archive.answer", answered * 1e3, &[count(all)])?;
    stand.add("archive.gone", gone, &[])?;
    stand.add("archive.busy", busy?.p99, &[])
}
