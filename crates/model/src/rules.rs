//! What may be wrong with an allocator, on purpose.

/// A mistake that somebody could make. The tests make each and see that it is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    GateNotTaken,
    /// An allocation chooses its code before it has the gate.
    CodeChosenBeforeGate,
    /// An allocation reads the list's state before it has the gate.
    StateReadBeforeGate,
    NoIndexOnKeys,
    /// The ledger has no primary key.
    NoIndexOnPositions,
    AnswerBeforeCommit,
    /// The sweep takes back what it saw before it had the gate.
    HoldSweptTwice,
    /// A confirmation judges the hold before it has the gate.
    HoldJudgedBeforeGate,
    /// The code is committed as given back before the release is.
    ReleaseInTwoParts,
    /// A release that is repeated gives the code back once more.
    ReleaseTwice,
    /// A release ends whatever allocation the code has now.
    ReleaseWithoutTurn,
    /// "No code left" is said although a hold ran out.
    RunOutHoldForgotten,
    /// "No code left" is said to a key that got a code meanwhile.
    KeyNotLookedUpAgain,
    /// The allocator hands out disabled codes that were given back.
    DisabledCodeKeptAsReturned,
}

/// The allocator as it should be, but for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    pub defects: &'static [Defect],
}

impl Rules {
    pub fn lack(self, defect: Defect) -> bool {
        self.defects.contains(&defect)
    }
}
