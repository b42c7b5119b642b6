//! What a call writes, all at once when it commits.

use std::collections::BTreeSet;

use crate::{Code, Key, Position, Tables};

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// A row of the ledger, and until when it is held.
    pub row: Option<(Position, Key, Option<u8>)>,
    /// Given back before, and on its way out again.
    pub passed: Option<Position>,
    pub confirmed: Option<Position>,
    pub released: BTreeSet<Position>,
    pub put_back: Vec<Position>,
    pub disabled: Option<Code>,
    pub disabled_allocation: Option<Position>,
    pub archives: bool,
    pub loaded: Code,
}

impl Change {
    /// A release of these, with their holds.
    pub(crate) fn release(positions: Vec<Position>) -> Self {
        Self {
            released: positions.iter().copied().collect(),
            put_back: positions,
            ..Self::default()
        }
    }

    pub(crate) fn commit(self, tables: &mut Tables) {
        if let Some((position, key, until)) = self.row {
            tables.ledger.insert((position, key));
            tables.holds.extend(until.map(|until| (position, until)));
        }
        // One entry: a code that was put back twice lies there twice.
        let passed = tables.returned.iter().position(|back| Some(*back) == self.passed);
        passed.map(|at| tables.returned.remove(at));
        let ended = self
            .released
            .iter()
            .chain(&self.confirmed)
            .chain(&self.disabled_allocation);
        for position in ended {
            tables.holds.remove(position);
        }
        tables.released.extend(self.released);
        tables.disabled_allocations.extend(self.disabled_allocation);
        tables.disabled.extend(self.disabled);
        tables.is_archived |= self.archives;
        tables.codes += self.loaded;
        if !tables.is_archived {
            tables.returned.extend(self.put_back);
        }
    }
}
