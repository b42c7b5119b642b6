//! From the start of the process until `/readyz` says 200, with a database that is there already.

use crate::{
    bench::{Bench, private_starts},
    figures::Unit,
    rows::{Row, Target},
};

const TIMES: usize = 5;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        took.push(bench.second_server().await?.as_secs_f64());
    }
    bench.add(
        Row::new(
            "start.database",
            "start, PostgreSQL runs already",
            Unit::Seconds,
            &took,
        )
        .compared("until /readyz is 200")
        .target(Target::AtMost(0.5)),
    );
    let took = private_starts(&bench.binary, &bench.scratch.path("other"), TIMES).await?;
    bench.add(
        Row::new(
            "start.private",
            "start, with the private PostgreSQL",
            Unit::Seconds,
            &took,
        )
        .compared("a small database, stopped in order"),
    );
    Ok(())
}
