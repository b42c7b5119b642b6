//! A list of a hundred million codes: loaded, used up, and another one archived.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use tokio::time::{Instant, sleep};

use super::{reads, used};
use crate::{
    bench::Bench,
    codes::LINE_BYTES,
    figures::{Unit, count, float, median},
    rows::{Row, Target},
};

const FILES: u64 = 13;
const NAME: &str = "full.csv";
/// What a list may hold.
const MOST: u64 = 100_000_000;
/// What is loaded after the 13 files.
const MORE: u64 = 1_000;

/// A hundred million, or what 13 files of a smaller run come to.
fn all(bench: &Bench) -> u64 {
    MOST.min(FILES * bench.size.codes)
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let all = all(bench);
    let before = bench.block_bytes().await?;
    let list = bench.new_list().await?;
    let (took, file) = fill(bench, &list).await?;
    loads(bench, &took)?;
    reads::thousand_more(
        bench,
        &list,
        all - MORE,
        &format!("{} codes in the list", count(all)),
    )
    .await?;
    let blocks = bench.block_bytes().await? - before;
    bench.add(
        Row::new(
            "full.disk",
            format!("disk of {} codes", count(all)),
            Unit::Times,
            &[float(u64::try_from(blocks)?) / float(all * LINE_BYTES)],
        )
        .compared("the codes' bytes with separators")
        .target(Target::AtMost(1.2)),
    );
    reads::big_list(bench, &list, &file, all).await?;
    archive(bench).await?;
    used::levels(bench, &list, all).await
}

/// 13 files with room for a thousand codes more; how long each took, and the last one's path.
async fn fill(bench: &mut Bench, list: &str) -> anyhow::Result<(Vec<f64>, String)> {
    let (mut took, mut path) = (Vec::new(), String::new());
    for number in 0..FILES {
        let first = number * bench.size.codes;
        let count = bench.size.codes.min(all(bench) - MORE - first);
        bench.write_file(NAME, first, count).await?;
        let (time, file) = bench.client.load(list, &bench.host.url(NAME), count).await?;
        took.push(time.as_secs_f64());
        path = file;
    }
    Ok((took, path))
}

fn loads(bench: &mut Bench, took: &[f64]) -> anyhow::Result<()> {
    for (number, &time) in (1..).zip(took) {
        bench.add(Row::new(
            format!("full.file.{number}"),
            format!("13 files into a list: file {number}"),
            Unit::Seconds,
            &[time],
        ));
    }
    let (first, last) = (took.first().context("no file")?, took.last().context("no file")?);
    bench.add(
        Row::new(
            "full.all",
            format!("{} codes in 13 files", count(all(bench))),
            Unit::Seconds,
            &[took.iter().sum()],
        )
        .target(Target::AtMost(60.0)),
    );
    bench.add(
        Row::new(
            "full.last",
            "the last of them, over the first",
            Unit::Times,
            &[last / first],
        )
        .target(Target::AtMost(3.0)),
    );
    Ok(())
}

/// Of a list that nobody has used, so that all its blocks go; another list hands out meanwhile.
async fn archive(bench: &mut Bench) -> anyhow::Result<()> {
    let list = bench.new_list().await?;
    fill(bench, &list).await?;
    let (other, _) = bench.loaded_list().await?;
    let id = bench.database.list_id(&list).await?;
    let mut quiet = Vec::new();
    for _ in 0..bench.size.rounds {
        let prefix = bench.name("q") + "-";
        quiet.push(
            bench
                .requests()
                .single(std::slice::from_ref(&other), 64, bench.size.seconds, &prefix)
                .await?
                .p99_ms(),
        );
    }
    let prefix = bench.name("q") + "-";
    let (requests, lists) = (bench.requests(), [other]);
    let (client, database) = (bench.client.clone(), &mut bench.database);
    let busy = requests.single(&lists, 64, 2 * bench.size.seconds, &prefix);
    let archived = async {
        sleep(Duration::from_millis(500)).await;
        let started = Instant::now();
        client.call(Method::PUT, &format!("{list}/archive"), None).await?;
        let answered = started.elapsed();
        let left = format!("select count(*) from (select from block where list_id = {id} limit 1) b");
        while database.number(left.clone()).await? > 0 {
            ensure!(
                started.elapsed() < Duration::from_mins(10),
                "the blocks do not go"
            );
            sleep(Duration::from_millis(100)).await;
        }
        Ok((answered, started.elapsed()))
    };
    let (busy, archived): (_, anyhow::Result<_>) = tokio::join!(busy, archived);
    let (busy, (answered, gone)) = (busy?, archived?);
    archive_rows(bench, answered, gone, median(&quiet), busy.p99_ms());
    Ok(())
}

/// Times of the answer and of the last block's end; another list's p99 before and meanwhile, in milliseconds.
fn archive_rows(bench: &mut Bench, answered: Duration, gone: Duration, quiet: f64, busy: f64) {
    bench.add(
        Row::new(
            "archive.answer",
            format!("archive of {} codes: answered", count(all(bench))),
            Unit::Milliseconds,
            &[answered.as_secs_f64() * 1e3],
        )
        .target(Target::AtMost(200.0)),
    );
    bench.add(
        Row::new(
            "archive.gone",
            "the same: no block is left",
            Unit::Seconds,
            &[gone.as_secs_f64()],
        )
        .target(Target::AtMost(60.0)),
    );
    bench.add(
        Row::new(
            "archive.p99",
            "another list's p99 meanwhile, over before",
            Unit::Times,
            &[busy / quiet],
        )
        .compared(format!("64 connections, {busy:.1} ms by {quiet:.1} ms"))
        .target(Target::AtMost(2.0)),
    );
}
