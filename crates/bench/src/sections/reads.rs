//! What people and programs look up: on a big list, and on one of many small files.

use demo::codes::code;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    figures::count,
    stand::{FILE, Kind, Stand, wrk},
};

/// Of each small file.
const FEW: u64 = 10;
const PATHS: u64 = 1_000;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let list = stand.new_list().await?;
    let codes = stand.size.codes;
    let (_, file) = stand.load(&list, FILE, codes).await?;
    big_list(stand, &list, &file, codes).await?;
    small_files(stand).await
}

/// The list has so many codes, the first ones there are.
pub(super) async fn big_list(stand: &mut Stand, list: &str, file: &str, codes: u64) -> anyhow::Result<()> {
    let on = format!("{} codes in the list", count(codes));
    let passports = passports(list, |index| index * (codes / PATHS));
    p50(stand, "reads.list", &[list.to_owned()], &on).await?;
    p50(stand, "reads.file", &[file.to_owned()], &on).await?;
    p50(stand, "reads.passport", &passports, &on).await
}

fn passports(list: &str, number: impl Fn(u64) -> u64) -> Vec<String> {
    let code = |index| String::from_utf8_lossy(&code(number(index))).into_owned();
    let path = |index| format!("{list}/codes/{}", code(index));
    (0..PATHS).map(path).collect()
}

async fn p50(stand: &mut Stand, key: &str, paths: &[String], on: &str) -> anyhow::Result<()> {
    let (address, seconds) = (stand.server.address, stand.size.seconds);
    let load = wrk::run(Kind::Read, address, paths, 1, seconds).await?;
    let (rate, p99) = (format!("{:.0}", load.rate), format!("{:.2}", load.p99));
    stand.add(key, load.p50, &[on.to_owned(), rate, p99])
}

async fn small_files(stand: &mut Stand) -> anyhow::Result<()> {
    let list = stand.new_list().await?;
    let files = stand.size.small_files;
    let name = |number| format!("small-{number}.csv");
    for number in 0..files {
        stand.write_file(&name(number), number * FEW, FEW).await?;
    }
    let (here, into) = (&*stand, &list);
    let loads = (0..files).map(|number| async move { here.load(into, &name(number), FEW).await });
    let _: Vec<_> = stream::iter(loads).buffer_unordered(16).try_collect().await?;
    let passports = passports(&list, |index| index * 7 % (files * FEW));
    let on = format!("{} files in the list", count(files));
    p50(stand, "reads.small-passport", &passports, &on).await?;
    thousand_more(stand, &list, files * FEW, &on).await
}

/// A small file into a list that has much already: the codes after its last one.
pub(super) async fn thousand_more(stand: &mut Stand, list: &str, first: u64, on: &str) -> anyhow::Result<()> {
    stand.write_file("thousand.csv", first, 1_000).await?;
    let (took, _) = stand.load(list, "thousand.csv", 1_000).await?;
    stand.add(&format!("load.thousand-into-{first}"), took, &[on.to_owned()])
}
