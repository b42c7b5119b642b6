//! Servers die while files are loaded.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use reqwest::Method;
use serde_json::Value;
use tokio::time::sleep;

use super::{Run, Verdict, millis};

const CODES: u64 = 300_000;
/// What lies in the blocks.
const STORED: &str = "select count(*) || ' codes, ' || count(distinct code) || ' different ones'
    from block cross join unnest(string_to_array(codes, E'\\n')) code";
/// After the last kill a load is final within this: its lease, and what it takes undisturbed, twice.
const FINAL_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list().await?;
    let mut chance = run.chance();
    let (mut files, mut kills, mut violations, mut longest) = (0, 0, Vec::new(), Duration::ZERO);
    while kills < u64::from(run.bounds.kills) && Instant::now() < run.bounds.until {
        let file = stand.upload(&list, files * CODES, CODES).await?;
        files += 1;
        // Three times in the middle of this one, whoever has it.
        for _ in 0..3 {
            sleep(Duration::from_millis(chance.random_range(0..400))).await;
            for server in &mut stand.servers {
                server.kill()?;
                server.start().await?;
                kills += 1;
            }
        }
        let began = Instant::now();
        let added = stand.loaded(&file).await;
        let took = began.elapsed();
        longest = longest.max(took);
        match added {
            Ok(CODES) if took <= FINAL_WITHIN => {}
            other => violations.push(format!("after {took:?} a file of {CODES} came to {other:?}")),
        }
    }
    let stock = stand.stock(&list).await?;
    // An upload whose answer was lost may have been made twice; the second adds nothing.
    if stock.total != files * CODES || stock.available != stock.total {
        violations.push(format!("{files} files of {CODES} came to {stock:?}"));
    }
    let (stored, codes) = (stand.primary.sql(STORED)?, files * CODES);
    if stored != format!("{codes} codes, {codes} different ones") {
        violations.push(format!("{files} files of {CODES} are stored as {stored}"));
    }
    let left = stand.insist(Method::GET, &format!("{list}/files"), None).await?;
    let pending = left.get("data").and_then(Value::as_array).map_or(0, |files| {
        let pending = files
            .iter()
            .filter(|file| file.get("status") == Some(&"PENDING".into()));
        pending.count()
    });
    if pending > 0 {
        violations.push(format!("{pending} files stay PENDING"));
    }
    Ok(vec![Verdict::new(
        "G13",
        [
            ("kills", kills),
            ("files", files),
            ("codes", files * CODES),
            ("ms after the last kill, at most", millis(longest)),
        ],
        violations,
    )])
}
