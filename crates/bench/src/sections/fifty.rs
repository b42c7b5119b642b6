//! Fifty lists at once, and one, in turn.

use crate::{
    bench::{Bench, FILE},
    figures::{Unit, median},
    rows::{Row, Target},
};

const LISTS: usize = 50;
/// Of each of the fifty; all of them together have more than one.
const CODES: u64 = 200_000;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let one = vec![bench.loaded_list().await?.0];
    let many = small_lists(bench).await?;
    let (mut of_one, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..bench.size.rounds {
        for (lists, rates) in [(&one, &mut of_one), (&many, &mut of_many)] {
            let prefix = bench.name("f") + "-";
            rates.push(
                bench
                    .requests()
                    .single(lists, 256, bench.size.seconds, &prefix)
                    .await?
                    .rate(),
            );
        }
    }
    bench.add(Row::new(
        "fifty.one",
        "one list, 256 connections",
        Unit::PerSecond,
        &of_one,
    ));
    bench.add(Row::new(
        "fifty.many",
        "50 lists at once, 256 connections",
        Unit::PerSecond,
        &of_many,
    ));
    let share = median(&of_many) / median(&of_one);
    bench.add(
        Row::new(
            "fifty.share",
            "50 lists at once, of one list's rate",
            Unit::Percent,
            &[share],
        )
        .target(Target::AtLeast(0.8)),
    );
    Ok(())
}

async fn small_lists(bench: &mut Bench) -> anyhow::Result<Vec<String>> {
    let name = format!("fifty-{FILE}");
    bench.write_file(&name, 0, CODES).await?;
    let url = bench.host.url(&name);
    let mut lists = Vec::new();
    for _ in 0..LISTS {
        let list = bench.new_list().await?;
        bench.client.load(&list, &url, CODES).await?;
        lists.push(list);
    }
    Ok(lists)
}
