//! What the list has already, ever handed out or ever disabled is taken out of the new file.

use std::sync::Arc;

use storage::{FileToLoad, Run, Storage};

use crate::{blocking, sorted::SortedCodes};

/// Codes asked for in one probing statement.
const PROBES: usize = 1_000;

/// A probe costs about as much as reading three blocks of a run.
const BLOCKS_A_PROBE: usize = 3;

/// Compares with every earlier run: a small file probes big runs by index, everything else reads the runs along. Answers how
/// many of the codes the list had once, of files that are gone; the others are in it.
pub(crate) async fn take_out_known(
    storage: &Storage,
    file: &Arc<FileToLoad>,
    codes: &Arc<SortedCodes>,
) -> storage::Result<u64> {
    let runs = storage.earlier_runs(file).await?;
    let probes = codes.len() * BLOCKS_A_PROBE;
    let is_big = |run: &Run| usize::try_from(run.blocks()).is_ok_and(|blocks| probes < blocks);
    let (big, others): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(is_big);
    let (sealed, open): (Vec<Run>, Vec<Run>) = big.into_iter().partition(|run| run.is_sealed);
    probe(storage, file, codes, &sealed).await?;
    let probed = codes.taken_out();
    probe(storage, file, codes, &open).await?;
    let (one, other) = halves(others);
    let (one, other) = tokio::try_join!(
        read_along(storage, file, codes, one),
        read_along(storage, file, codes, other)
    )?;
    let before = codes.taken_out();
    storage
        .refused_codes(file, |code| codes.take_out(code.as_bytes()))
        .await?;
    let refused = codes.taken_out() - before;
    Ok((probed + refused) as u64 + one + other)
}

async fn probe(
    storage: &Storage,
    file: &FileToLoad,
    codes: &SortedCodes,
    runs: &[Run],
) -> storage::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    // At most a third of the biggest run's blocks: some tens of thousands of codes.
    let asked: Vec<(i64, &str)> = codes.iter().collect();
    for asked in asked.chunks(PROBES) {
        for place in storage.present_in_runs(file, runs, asked).await? {
            if let Some((_, code)) = asked.get(place) {
                codes.take_out(code.as_bytes());
            }
        }
    }
    Ok(())
}

/// Two shares of about as many blocks, for two connections.
fn halves(mut runs: Vec<Run>) -> (Vec<Run>, Vec<Run>) {
    runs.sort_unstable_by_key(Run::blocks);
    let mut halves = (Vec::new(), Vec::new());
    let mut blocks = (0, 0);
    for run in runs.into_iter().rev() {
        let (half, sum) = if blocks.0 <= blocks.1 {
            (&mut halves.0, &mut blocks.0)
        } else {
            (&mut halves.1, &mut blocks.1)
        };
        *sum += run.blocks();
        half.push(run);
    }
    halves
}

/// Answers how many codes the sealed ones of these runs have taken out.
async fn read_along(
    storage: &Storage,
    file: &Arc<FileToLoad>,
    codes: &Arc<SortedCodes>,
    runs: Vec<Run>,
) -> storage::Result<u64> {
    if runs.is_empty() {
        return Ok(0);
    }
    let (storage, file, codes) = (storage.clone(), Arc::clone(file), Arc::clone(codes));
    blocking::run(async move {
        let (mut current, mut merge, mut sealed) = (None, codes.merge(), 0);
        let read = storage.stream_runs(&file, &runs, |run, block| {
            if current.replace(run) != Some(run) {
                merge = codes.merge();
            }
            let before = merge.taken_out();
            merge.block(block);
            if runs.get(run).is_some_and(|run| run.is_sealed) {
                sealed += merge.taken_out() - before;
            }
        });
        read.await?;
        Ok(sealed)
    })
    .await?
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use domain::CodesPerBlock;

    use super::*;

    #[test]
    fn the_work_is_parted_evenly() {
        let run = |codes| Run {
            file_id: codes,
            codes,
            codes_per_block: CodesPerBlock::new(NonZeroU32::MIN),
            is_sealed: false,
        };
        let (one, other) = halves([5, 1, 4, 2, 8].into_iter().map(run).collect());
        let blocks = |runs: &[Run]| runs.iter().map(Run::blocks).sum::<i64>();
        assert_eq!((blocks(&one), blocks(&other)), (10, 10));
    }
}
