//! What is committed about one list.

use std::collections::{BTreeMap, BTreeSet};

/// A code's place in the order of publication, over all files.
pub type Code = u8;
pub type Key = u8;

/// One allocation of a code: how often the code had been given back before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub code: Code,
    pub turn: u8,
}

impl Position {
    pub(crate) fn again(self) -> Self {
        Self {
            turn: self.turn + 1,
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Held,
    Allocated,
    Released,
    Disabled,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tables {
    pub codes: Code,
    /// Which key has which position. A set of pairs, so that a defect can write what no index would let in.
    pub ledger: BTreeSet<(Position, Key)>,
    /// Until when each hold lasts.
    pub holds: BTreeMap<Position, u8>,
    pub released: BTreeSet<Position>,
    pub disabled_allocations: BTreeSet<Position>,
    /// What was given back, in the order it goes out again.
    pub returned: Vec<Position>,
    pub disabled: BTreeSet<Code>,
    pub is_archived: bool,
    /// The database's clock.
    pub now: u8,
}

impl Tables {
    pub fn position_of(&self, key: Key) -> Option<Position> {
        let mut rows = self.ledger.iter();
        rows.find(|(_, owner)| *owner == key)
            .map(|(position, _)| *position)
    }

    /// Derived, as everywhere: from the allocation's events and its hold.
    pub fn status(&self, position: Position) -> Status {
        if self.disabled_allocations.contains(&position) {
            return Status::Disabled;
        }
        match self.holds.get(&position) {
            _ if self.released.contains(&position) => Status::Released,
            Some(until) if *until <= self.now => Status::Released,
            Some(_) => Status::Held,
            None => Status::Allocated,
        }
    }

    /// The keys that have the code now.
    pub fn owners(&self, code: Code) -> impl Iterator<Item = Key> {
        let rows = self
            .ledger
            .iter()
            .filter(move |(position, _)| position.code == code);
        rows.filter(|(position, _)| matches!(self.status(*position), Status::Held | Status::Allocated))
            .map(|(_, key)| *key)
    }

    /// Whether somebody could have the code, judged by itself and not by how the allocator finds it.
    pub fn is_free(&self, code: Code) -> bool {
        !self.is_archived && !self.disabled.contains(&code) && self.owners(code).next().is_none()
    }

    pub fn free_codes(&self) -> impl Iterator<Item = Code> {
        (0..self.codes).filter(|code| self.is_free(*code))
    }

    /// The latest allocation of a code.
    pub fn last_position(&self, code: Code) -> Option<Position> {
        let mut rows = self.ledger.iter().rev();
        rows.find(|(position, _)| position.code == code)
            .map(|(position, _)| *position)
    }

    /// The first code behind everything that was handed out, disabled ones passed over.
    fn next_fresh(&self) -> Option<Position> {
        let cursor = self.ledger.last().map_or(0, |(position, _)| position.code + 1);
        let mut fresh = (cursor..self.codes).filter(|code| !self.disabled.contains(code));
        fresh.next().map(|code| Position { code, turn: 0 })
    }

    /// What an allocation may hand out next: something that was given back, else the next fresh code, else what a hold that
    /// ran out set free. Which one of several given back is not promised.
    pub fn choices(&self) -> Vec<Position> {
        if !self.returned.is_empty() {
            return self.returned.iter().copied().map(Position::again).collect();
        }
        match self.next_fresh() {
            Some(fresh) => vec![fresh],
            None => self.run_out_holds().into_iter().map(Position::again).collect(),
        }
    }

    /// Holds that ran out, the earliest first.
    pub(crate) fn run_out_holds(&self) -> Vec<Position> {
        let holds = self.holds.iter().filter(|(_, until)| **until <= self.now);
        let mut run_out: Vec<_> = holds.map(|(position, until)| (*until, *position)).collect();
        run_out.sort_unstable();
        run_out.into_iter().map(|(_, position)| position).collect()
    }
}
