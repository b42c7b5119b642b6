//! Eight of the largest files at once, for one server.

use std::time::Instant;

use demo::codes::CodeFile;

use super::{Run, Verdict, millis};

const FILES: u64 = 8;
/// The most that a file may have.
const FILE_BYTES: u64 = 100 * 1024 * 1024;
/// What they may take beside what the server had before, in MiB.
const GROWTH: u64 = 600;

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    // One has it all.
    for server in stand.servers.iter_mut().skip(1) {
        server.kill()?;
    }
    stand.list_of(1_000).await?;
    let peak = |stand: &crate::stand::Stand| {
        stand
            .servers
            .first()
            .map_or(0, |server| server.peak_memory() / 1024)
    };
    let before = peak(&stand);
    let codes = CodeFile::filling(FILE_BYTES, 0, "\n").codes();
    let began = Instant::now();
    let mut files = Vec::new();
    for n in 0..FILES {
        let list = stand.list().await?;
        files.push(stand.upload(&list, n * codes, codes).await?);
    }
    let mut violations = Vec::new();
    for file in &files {
        match stand.loaded(file).await {
            Ok(added) if added == codes => {}
            other => violations.push(format!("a file of {codes} codes came to {other:?}")),
        }
    }
    let grown = peak(&stand).saturating_sub(before);
    if grown > GROWTH {
        violations.push(format!("the server grew by {grown} MiB"));
    }
    Ok(vec![Verdict::new(
        "G16",
        [
            ("files at once", FILES),
            ("codes", FILES * codes),
            ("ms", millis(began.elapsed())),
            ("MiB before", before),
            ("MiB more at most", grown),
        ],
        violations,
    )])
}
