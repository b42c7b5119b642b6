//! What people and programs look up: on a big list, and on one of many small files.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    bench::{Bench, FILE},
    codes,
    figures::{Unit, count},
    rows::{Row, Target},
};

/// Of each small file.
const FEW: u64 = 10;
const PATHS: u64 = 1_000;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let list = bench.new_list().await?;
    let (_, file) = bench
        .client
        .load(&list, &bench.host.url(FILE), bench.size.codes)
        .await?;
    big_list(bench, &list, &file, bench.size.codes).await?;
    small_files(bench).await
}

/// The list has so many codes, the first ones there are.
pub(super) async fn big_list(bench: &mut Bench, list: &str, file: &str, codes: u64) -> anyhow::Result<()> {
    let on = format!("{} codes in the list", count(codes));
    let passports = (0..PATHS)
        .map(|place| passport(list, place * (codes / PATHS)))
        .collect();
    let reads = [
        ("reads.list", "list details", vec![list.to_owned()]),
        ("reads.file", "file status", vec![file.to_owned()]),
        ("reads.passport", "passport of a code", passports),
    ];
    for (key, what, paths) in reads {
        p50(bench, key, what, &paths, &on).await?;
    }
    Ok(())
}

fn passport(list: &str, number: u64) -> String {
    format!("{list}/codes/{}", codes::code(number))
}

async fn p50(bench: &mut Bench, key: &str, what: &str, paths: &[String], on: &str) -> anyhow::Result<()> {
    let load = bench.requests().reads(paths, bench.size.seconds).await?;
    bench.add(
        Row::new(
            key,
            format!("{what}, {on}: p50"),
            Unit::Milliseconds,
            &[load.p50_ms()],
        )
        .compared(format!(
            "1 connection, {:.0}/s, p99 {:.2} ms",
            load.rate(),
            load.p99_ms()
        ))
        .target(Target::AtMost(3.0)),
    );
    Ok(())
}

async fn small_files(bench: &mut Bench) -> anyhow::Result<()> {
    let list = bench.new_list().await?;
    let files = bench.size.small_files;
    for number in 0..files {
        bench
            .write_file(&format!("small-{number}.csv"), number * FEW, FEW)
            .await?;
    }
    let loads = (0..files).map(|number| {
        let (client, list, url) = (
            &bench.client,
            &list,
            bench.host.url(&format!("small-{number}.csv")),
        );
        async move { client.load(list, &url, FEW).await }
    });
    let _: Vec<_> = stream::iter(loads).buffer_unordered(16).try_collect().await?;
    let passports: Vec<String> = (0..PATHS)
        .map(|place| passport(&list, place * 7 % (files * FEW)))
        .collect();
    let on = format!("{} files in the list", count(files));
    p50(
        bench,
        "reads.small-passport",
        "passport of a code",
        &passports,
        &on,
    )
    .await?;
    thousand_more(bench, &list, files * FEW, &on).await
}

/// A small file into a list that has much already: the codes after its last one.
pub(super) async fn thousand_more(bench: &mut Bench, list: &str, first: u64, on: &str) -> anyhow::Result<()> {
    bench.write_file("thousand.csv", first, 1_000).await?;
    let (took, _) = bench
        .client
        .load(list, &bench.host.url("thousand.csv"), 1_000)
        .await?;
    let key = format!("load.thousand-into-{first}");
    bench.add(
        Row::new(
            key,
            format!("load of 1,000 codes, {on}"),
            Unit::Seconds,
            &[took.as_secs_f64()],
        )
        .target(Target::AtMost(1.0)),
    );
    Ok(())
}
