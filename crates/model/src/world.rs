//! The tables and every call that is under way, one step of one call at a time.

use crate::{Answer, Call, Change, Code, Defect, Request, Rules, Stage, Tables};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub tables: Tables,
    pub calls: Vec<Call>,
    /// The ledger's primary key had to refuse a row: the gate alone did not do.
    pub position_was_refused: bool,
}

impl World {
    pub fn new(codes: Code) -> Self {
        Self {
            tables: Tables {
                codes,
                ..Tables::default()
            },
            calls: Vec::new(),
            position_was_refused: false,
        }
    }

    /// Makes one call from beginning to end, with nothing beside it.
    pub fn run(&mut self, request: Request) -> Answer {
        self.calls.push(Call::new(request));
        let at = self.calls.len() - 1;
        loop {
            self.step(at, Rules::default());
            if let Some(Stage::Ended(answer)) = self.calls.get(at).map(|call| call.stage.clone()) {
                self.calls.pop();
                return answer;
            }
        }
    }

    /// Whether a call can go on, or waits for another.
    pub fn can_step(&self, at: usize, rules: Rules) -> bool {
        let Some(call) = self.calls.get(at) else {
            return false;
        };
        match &call.stage {
            Stage::Ended(_) => false,
            Stage::AtGate(_) => {
                rules.lack(Defect::GateNotTaken) || !self.calls.iter().any(|other| other.has_gate)
            }
            // An index lets a second row with the same key wait for what becomes of the first.
            Stage::Decided(change, _) => !self.calls.iter().any(|other| match &other.stage {
                Stage::Written(written, _) => clash(change, written, rules),
                _ => false,
            }),
            _ => true,
        }
    }

    pub fn step(&mut self, at: usize, rules: Rules) {
        let Some(mut call) = self.calls.get(at).cloned() else {
            return;
        };
        let commits = matches!(call.stage, Stage::Written(..));
        call.stage = match call.stage {
            Stage::Asked => call.look_up(&self.tables, rules),
            Stage::Known => call.repeat(&self.tables),
            Stage::AtGate(early) => {
                call.has_gate = !rules.lack(Defect::GateNotTaken);
                Stage::Inside(early)
            }
            Stage::Inside(ref early) => {
                let (change, answer) = call.decide(early.as_ref(), &self.tables, rules);
                Stage::Decided(change, answer)
            }
            Stage::Decided(change, answer) => self.write(change, answer, rules),
            Stage::Written(change, answer) => self.commit(change, answer, rules),
            ended @ Stage::Ended(_) => ended,
        };
        // The gate is free again when the transaction has ended, and no earlier.
        call.has_gate &= !commits && !matches!(call.stage, Stage::Ended(_));
        if let Some(place) = self.calls.get_mut(at) {
            *place = call;
        }
    }

    fn write(&mut self, change: Change, answer: Answer, rules: Rules) -> Stage {
        let Some((position, key, _)) = change.row else {
            return Stage::Written(change, answer);
        };
        let has_position = self.tables.ledger.iter().any(|(other, _)| *other == position);
        let has_key = self.tables.position_of(key).is_some();
        if has_position && !rules.lack(Defect::NoIndexOnPositions) {
            self.position_was_refused = true;
            Stage::Ended(Answer::Again)
        } else if has_key && !rules.lack(Defect::NoIndexOnKeys) {
            Stage::Ended(Answer::Again)
        } else {
            Stage::Written(change, answer)
        }
    }

    fn commit(&mut self, change: Change, answer: Answer, rules: Rules) -> Stage {
        if rules.lack(Defect::ReleaseInTwoParts) && !change.put_back.is_empty() {
            let (mut first, mut second) = (Change::default(), change);
            first.put_back = std::mem::take(&mut second.put_back);
            first.commit(&mut self.tables);
            return Stage::Decided(second, answer);
        }
        change.commit(&mut self.tables);
        Stage::Ended(answer)
    }
}

fn clash(one: &Change, other: &Change, rules: Rules) -> bool {
    let (Some((position, key, _)), Some((other_position, other_key, _))) = (one.row, other.row) else {
        return false;
    };
    (position == other_position && !rules.lack(Defect::NoIndexOnPositions))
        || (key == other_key && !rules.lack(Defect::NoIndexOnKeys))
}
