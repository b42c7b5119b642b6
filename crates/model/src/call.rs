//! A call to the database: a function that runs as several statements, each of which reads what is committed when it
//! begins, and whose writes are seen when it has committed.

use crate::{Change, Code, Defect, Key, Position, Rules, Status, Tables};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    Allocate {
        key: Key,
        /// How long a hold lasts, if it is one.
        holds: Option<u8>,
        /// Which of the choices is taken.
        pick: usize,
    },
    Confirm(Position),
    Release(Position),
    Disable(Code),
    Sweep,
    Archive,
    Load(Code),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    New(Position),
    Repeat(Position),
    /// The key's code was given back, or its hold ran out.
    GivenBack,
    Exhausted,
    NotActive,
    Confirmed,
    /// Given back, or ran out: there is nothing to confirm.
    NotHeld,
    Released,
    Disabled,
    Absent,
    Done,
    /// A unique index refused the call, which took nothing and is made once more.
    Again,
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    Asked,
    /// The ledger knows the key: no gate is needed.
    Known,
    /// The gate is next. What a defect lets the call read too early is kept here.
    AtGate(Option<Tables>),
    /// It has the gate.
    Inside(Option<Tables>),
    Decided(Change, Answer),
    Written(Change, Answer),
    Ended(Answer),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    pub request: Request,
    pub stage: Stage,
    pub has_gate: bool,
}

impl Call {
    pub fn new(request: Request) -> Self {
        Self {
            request,
            stage: Stage::Asked,
            has_gate: false,
        }
    }

    /// What the call does before the gate.
    pub(crate) fn look_up(&self, tables: &Tables, rules: Rules) -> Stage {
        let reads_early = match self.request {
            Request::Allocate { key, .. } if tables.position_of(key).is_some() => return Stage::Known,
            Request::Allocate { .. } => {
                rules.lack(Defect::CodeChosenBeforeGate) || rules.lack(Defect::StateReadBeforeGate)
            }
            Request::Confirm(_) => rules.lack(Defect::HoldJudgedBeforeGate),
            Request::Sweep => rules.lack(Defect::HoldSweptTwice),
            _ => false,
        };
        Stage::AtGate(reads_early.then(|| tables.clone()))
    }

    /// What a key that the ledger knows is answered.
    pub(crate) fn repeat(&self, tables: &Tables) -> Stage {
        let Request::Allocate { key, .. } = self.request else {
            return Stage::Ended(Answer::Again);
        };
        Stage::Ended(match tables.position_of(key) {
            None => Answer::Again,
            Some(position) => match tables.status(position) {
                Status::Held | Status::Allocated => Answer::Repeat(position),
                Status::Released | Status::Disabled => Answer::GivenBack,
            },
        })
    }

    /// What the call is going to write and to answer, by what it reads under the gate.
    pub(crate) fn decide(&self, early: Option<&Tables>, tables: &Tables, rules: Rules) -> (Change, Answer) {
        let read = early.unwrap_or(tables);
        match self.request {
            Request::Allocate { key, holds, pick } => allocate(key, holds, pick, read, tables, rules),
            Request::Confirm(position) => confirm(position, read),
            Request::Release(position) => release(position, tables, rules),
            Request::Disable(code) => disable(code, tables, rules),
            Request::Sweep => (Change::release(read.run_out_holds()), Answer::Done),
            Request::Archive => {
                let archives = Change {
                    archives: true,
                    ..Change::default()
                };
                (archives, Answer::Done)
            }
            Request::Load(codes) => {
                let loaded = if tables.is_archived { 0 } else { codes };
                let loads = Change {
                    loaded,
                    ..Change::default()
                };
                (loads, Answer::Done)
            }
        }
    }
}

fn allocate(
    key: Key,
    holds: Option<u8>,
    pick: usize,
    read: &Tables,
    tables: &Tables,
    rules: Rules,
) -> (Change, Answer) {
    let refuse = |answer| {
        let is_known = tables.position_of(key).is_some() && !rules.lack(Defect::KeyNotLookedUpAgain);
        (Change::default(), if is_known { Answer::Again } else { answer })
    };
    let is_archived = if rules.lack(Defect::StateReadBeforeGate) {
        read.is_archived
    } else {
        tables.is_archived
    };
    if is_archived {
        return refuse(Answer::NotActive);
    }
    let choosing = if rules.lack(Defect::CodeChosenBeforeGate) {
        read
    } else {
        tables
    };
    let Some(position) = choosing.choices().get(pick).copied() else {
        return refuse(Answer::Exhausted);
    };
    let before = position
        .turn
        .checked_sub(1)
        .map(|turn| Position { turn, ..position });
    let passed = before.filter(|before| choosing.returned.contains(before));
    if before.is_some() && passed.is_none() && rules.lack(Defect::RunOutHoldForgotten) {
        return refuse(Answer::Exhausted);
    }
    let change = Change {
        row: Some((position, key, holds.map(|lasts| tables.now + lasts))),
        passed,
        // A hold that ran out is booked as released.
        released: before.into_iter().filter(|_| passed.is_none()).collect(),
        ..Change::default()
    };
    (change, Answer::New(position))
}

fn confirm(position: Position, tables: &Tables) -> (Change, Answer) {
    match tables.status(position) {
        Status::Released | Status::Disabled => (Change::default(), Answer::NotHeld),
        Status::Allocated => (Change::default(), Answer::Confirmed),
        Status::Held => {
            let confirmed = Some(position);
            let change = Change {
                confirmed,
                ..Change::default()
            };
            (change, Answer::Confirmed)
        }
    }
}

fn release(asked: Position, tables: &Tables, rules: Rules) -> (Change, Answer) {
    let position = match tables.last_position(asked.code) {
        Some(last) if rules.lack(Defect::ReleaseWithoutTurn) => last,
        _ => asked,
    };
    match tables.status(position) {
        Status::Held | Status::Allocated => (Change::release(vec![position]), Answer::Released),
        Status::Released if rules.lack(Defect::ReleaseTwice) => {
            (Change::release(vec![position]), Answer::Released)
        }
        Status::Released => (Change::default(), Answer::Released),
        Status::Disabled => (Change::default(), Answer::Disabled),
    }
}

fn disable(code: Code, tables: &Tables, rules: Rules) -> (Change, Answer) {
    let last = tables.last_position(code);
    let status = last.map(|last| tables.status(last));
    let is_taken = matches!(status, Some(Status::Held | Status::Allocated));
    if tables.disabled.contains(&code) {
        return (Change::default(), Answer::Disabled);
    }
    if code >= tables.codes || (tables.is_archived && !is_taken) {
        return (Change::default(), Answer::Absent);
    }
    let lies_back = last.filter(|_| !rules.lack(Defect::DisabledCodeKeptAsReturned));
    let change = Change {
        disabled: Some(code),
        disabled_allocation: last.filter(|_| is_taken),
        // Whether it lies there or is a hold that ran out: it comes back no more.
        passed: lies_back.filter(|last| tables.returned.contains(last)),
        released: last
            .into_iter()
            .filter(|last| !is_taken && tables.holds.contains_key(last))
            .collect(),
        ..Change::default()
    };
    (change, Answer::Disabled)
}
