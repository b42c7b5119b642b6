//! A hosted file of 100 MB becomes codes in a list.

use futures_util::future::try_join_all;

use super::row_per_code;
use crate::{
    bench::{Bench, FILE},
    codes::LINE_BYTES,
    figures::{Unit, count, float},
    rows::{Row, Target},
};

const AT_ONCE: usize = 8;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let codes = bench.size.codes;
    let megabytes = codes * LINE_BYTES / 1_000_000;
    let file = format!("{megabytes} MB file, {} codes", count(codes));
    let blocks_before = bench.block_bytes().await?;
    let before = bench.server.forget_peak()?;
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for _ in 0..bench.size.rounds {
        bench.database.run("checkpoint").await?;
        let (list, took) = bench.loaded_list().await?;
        fresh.push(took.as_secs_f64());
        let (took, _) = bench.client.load(&list, &bench.host.url(FILE), 0).await?;
        repeated.push(took.as_secs_f64());
    }
    let grown = bench.server.peak()? - before;
    let blocks = bench.block_bytes().await? - blocks_before;
    bench.add(
        Row::new(
            "load.file",
            format!("{file}: POST to SUCCESS"),
            Unit::Seconds,
            &fresh,
        )
        .target(Target::AtMost(3.0)),
    );
    bench.add(Row::new(
        "load.repeated",
        "the same file again, all duplicates",
        Unit::Seconds,
        &repeated,
    ));
    bench.add(
        Row::new(
            "load.memory",
            "memory growth while loading",
            Unit::Megabytes,
            &[grown],
        )
        .compared(format!("{before:.0} MB before"))
        .target(Target::AtMost(300.0)),
    );
    let bytes = float(codes * LINE_BYTES) * float(u64::try_from(fresh.len())?);
    let ratio = float(u64::try_from(blocks)?) / bytes;
    bench.add(
        Row::new("load.disk", "disk of a list", Unit::Times, &[ratio])
            .compared("the codes' bytes with separators")
            .target(Target::AtMost(1.2)),
    );
    row_per_code(bench).await?;
    eight_at_once(bench).await
}

async fn row_per_code(bench: &mut Bench) -> anyhow::Result<()> {
    let plain = row_per_code::load_plain(bench).await?.as_secs_f64();
    bench.database.run("drop table row_per_code_plain").await?;
    let indexed = row_per_code::load_indexed(bench).await?.as_secs_f64();
    let ours = bench.value("load.file")?;
    bench.add(Row::new(
        "load.plain",
        "row per code, no index: COPY of the file",
        Unit::Seconds,
        &[plain],
    ));
    bench.add(Row::new(
        "load.indexed",
        "row per code, unique index: COPY of the file",
        Unit::Seconds,
        &[indexed],
    ));
    bench.add(
        Row::new(
            "load.ahead-of-plain",
            "load, times faster than without an index",
            Unit::Times,
            &[plain / ours],
        )
        .compared(format!("{plain:.2} s by {ours:.2} s"))
        .target(Target::AtLeast(1.0)),
    );
    bench.add(
        Row::new(
            "load.ahead",
            "load, times faster than with a unique index",
            Unit::Times,
            &[indexed / ours],
        )
        .compared(format!("{indexed:.2} s by {ours:.2} s"))
        .target(Target::AtLeast(15.0))
        .gross(Target::AtLeast(5.0)),
    );
    Ok(())
}

async fn eight_at_once(bench: &mut Bench) -> anyhow::Result<()> {
    let mut lists = Vec::new();
    for _ in 0..AT_ONCE {
        lists.push(bench.new_list().await?);
    }
    let url = bench.host.url(FILE);
    let before = bench.server.forget_peak()?;
    let loads = lists
        .iter()
        .map(|list| bench.client.load(list, &url, bench.size.codes));
    let took = try_join_all(loads)
        .await?
        .into_iter()
        .map(|(took, _)| took.as_secs_f64());
    let last = took.fold(0.0, f64::max);
    let grown = bench.server.peak()? - before;
    bench.add(
        Row::new(
            "load.eight-memory",
            "memory growth, eight such files at once",
            Unit::Megabytes,
            &[grown],
        )
        .compared(format!("all loaded after {last:.1} s"))
        .target(Target::AtMost(600.0)),
    );
    // Eight lists of no further use: their blocks would be in the way of what comes next.
    for list in lists {
        bench
            .client
            .call(reqwest::Method::PUT, &format!("{list}/archive"), None)
            .await?;
    }
    Ok(())
}
