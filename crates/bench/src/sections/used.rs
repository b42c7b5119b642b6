//! Whether it slows down while a list is used up.

use anyhow::ensure;
use tokio::time::Instant;

use crate::{
    bench::Bench,
    figures::{Unit, count, float, median},
    rows::{Row, Target},
};

/// So much is left for the last level.
const LEFT: u64 = 300_000;
/// Of each NDJSON request.
const LINES: u64 = 20_000;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let (list, _) = bench.loaded_list().await?;
    levels(bench, &list, bench.size.codes).await
}

/// A list of so many codes, none of them handed out.
pub(super) async fn levels(bench: &mut Bench, list: &str, codes: u64) -> anyhow::Result<()> {
    let (mut singles, mut streams) = (Vec::new(), Vec::new());
    for used in [codes / 100, codes / 2, codes - LEFT] {
        fill(bench, list, used).await?;
        let percent = float(used) / float(codes) * 100.0;
        let (single, stream) = level(bench, list).await?;
        let of = count(codes);
        let how = "ledger filled by SQL up to there";
        let what = format!("{percent:.2} % of {of} used, single codes, 256 connections");
        bench.add(
            Row::new(
                format!("used.single.{percent:.2}"),
                what,
                Unit::PerSecond,
                &single,
            )
            .compared(how),
        );
        let what = format!("{percent:.2} % of {of} used, NDJSON");
        bench.add(
            Row::new(
                format!("used.stream.{percent:.2}"),
                what,
                Unit::CodesPerSecond,
                &stream,
            )
            .compared(how),
        );
        singles.push(median(&single));
        streams.push(median(&stream));
    }
    for (key, what, rates) in [
        ("used.single-spread", "single codes", singles),
        ("used.stream-spread", "NDJSON", streams),
    ] {
        let (low, high) = rates.iter().fold((f64::MAX, 0.0_f64), |(low, high), &rate| {
            (low.min(rate), high.max(rate))
        });
        let what = format!("the slowest of these levels, of the fastest: {what}");
        bench.add(Row::new(key, what, Unit::Percent, &[low / high]).target(Target::AtLeast(0.85)));
    }
    Ok(())
}

async fn level(bench: &mut Bench, list: &str) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let (mut singles, mut streams) = (Vec::new(), Vec::new());
    // The first does not count: after a checkpoint the first change of each page costs a whole page of WAL.
    for _ in 0..=bench.size.rounds {
        let prefix = bench.name("s") + "-";
        // A second each: more would use up what is left at the end.
        let single = bench
            .requests()
            .single(&[list.to_owned()], 256, 1, &prefix)
            .await?;
        singles.push(single.rate());
        let started = Instant::now();
        let codes = bench
            .client
            .stream(list, "", &format!("{prefix}n-"), LINES)
            .await?;
        ensure!(codes == LINES, "the list has been used up");
        streams.push(float(codes) / started.elapsed().as_secs_f64());
    }
    Ok((singles.split_off(1), streams.split_off(1)))
}

/// Writes the ledger as if so many codes had been handed out, since that many requests take too long. The keys come in
/// order, spread over all there are, so that those of later requests fall between them as they would.
async fn fill(bench: &mut Bench, list: &str, used: u64) -> anyhow::Result<()> {
    let list = bench.database.list_id(list).await?;
    let files = format!("select count(*) from coupon_file where list_id = {list}");
    let files = bench.database.number(files).await?;
    let mut before = 0;
    for place in 0..files {
        let of_file =
            format!("from coupon_file where list_id = {list} order by published_at limit 1 offset {place}");
        let file = bench.database.number(format!("select file_id {of_file}")).await?;
        let added = bench.database.number(format!("select added {of_file}")).await?;
        let end = (i64::try_from(used)? - before).min(added);
        before += added;
        let cursor = format!(
            "select coalesce(max(ordinal), -1) from ledger where list_id = {list} and file_id = {file}"
        );
        let first = bench.database.number(cursor).await? + 1;
        if first < end {
            bench.database.run(statement(list, file, first, end)).await?;
        }
    }
    bench.database.run("vacuum analyze ledger").await?;
    bench.database.run("checkpoint").await
}

fn statement(list: i64, file: i64, first: i64, end: i64) -> String {
    format!(
        "insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
         select {list}, {file}, at, 0, code,
                (lpad(to_hex((at - {first}) * 4294967296 / {count}), 8, '0') || substr(md5(code), 1, 24))::uuid,
                'user-' || at, clock_timestamp()
         from coupon_file f join block b using (list_id, file_id),
              unnest(string_to_array(b.codes, E'\\n')) with ordinality c (code, place),
              lateral (select b.number::bigint * f.codes_per_block + place - 1 as at) o
         where list_id = {list} and file_id = {file} and at >= {first} and at < {end}
           and b.number between {first} / f.codes_per_block and {end} / f.codes_per_block",
        count = end - first,
    )
}
