//! The calls of the model, those who wait for their answers, and what may come between.

use std::collections::BTreeSet;

use model::{Answer, Call, Defect, Key, Position, Request, Rules, Stage, Status, World};
use stateright::{Checker as _, Expectation, HasDiscoveries, Model, Property};

/// How long a hold lasts.
const HOLD: u8 = 1;

/// What a client does with the code it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    Keep,
    /// Takes it as a hold and confirms that.
    Confirm,
    GiveBack,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Scenario {
    pub(crate) codes: u8,
    /// One client for each, whose key is its index.
    pub(crate) errands: Vec<Errand>,
    /// Each sent once, whenever.
    pub(crate) operator: Vec<Request>,
    /// How often a client asks for its code, without waiting for the answer.
    pub(crate) asks: u8,
    /// How often it confirms or gives back.
    pub(crate) settles: u8,
    /// How many calls run at once.
    pub(crate) calls: usize,
    /// How often an answer is lost or a session of the database ends.
    pub(crate) cuts: u8,
    /// How far the clock goes.
    pub(crate) ticks: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Asker {
    Client(Key),
    Operator,
    /// The server was killed, the connection broke, or the client hung up: the call goes on for nobody.
    Nobody,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    asked: u8,
    told: Option<Position>,
    settle_calls: u8,
    is_confirmed: bool,
    was_repeated: bool,
    was_late: bool,
}

/// What was said or done that must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wrong {
    RefusedAlthoughFree,
    AllocatedAfterArchive,
    AnotherCode,
    GivenBackUnasked,
}

/// What should come about now and then, or the scenario shows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    none_left: bool,
    not_active: bool,
    index_refused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    world: World,
    /// Who waits for each call.
    askers: Vec<Asker>,
    clients: Vec<Client>,
    operator: Vec<Request>,
    cuts: u8,
    wrongs: BTreeSet<Wrong>,
    seen: Seen,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Ask(Key),
    Settle(Key),
    Operate(usize),
    Step(usize),
    /// The answer reaches who waits for it.
    Answer(usize),
    /// The answer will reach nobody; the call goes on.
    Lose(usize),
    /// The session ends before it has committed: killed, timed out, or PostgreSQL died.
    Abort(usize),
    Tick,
}

pub(crate) struct System {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Rules,
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            world: World::new(self.scenario.codes),
            askers: Vec::new(),
            clients: vec![Client::default(); self.scenario.errands.len()],
            operator: self.scenario.operator.clone(),
            cuts: 0,
            wrongs: BTreeSet::new(),
            seen: Seen::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.world.calls.len() < self.scenario.calls {
            for (key, client) in (0..).zip(&state.clients) {
                if client.asked < self.scenario.asks {
                    actions.push(Action::Ask(key));
                }
                let settles = self.scenario.errands[usize::from(key)] != Errand::Keep;
                if settles && client.told.is_some() && client.settle_calls < self.scenario.settles {
                    actions.push(Action::Settle(key));
                }
            }
            actions.extend((0..state.operator.len()).map(Action::Operate));
        }
        for (at, call) in state.world.calls.iter().enumerate() {
            if state.world.can_step(at, self.rules) {
                actions.push(Action::Step(at));
            }
            if self.may_answer(state, at) {
                actions.push(Action::Answer(at));
            }
            if state.cuts < self.scenario.cuts {
                if state.askers[at] != Asker::Nobody {
                    actions.push(Action::Lose(at));
                }
                if !matches!(call.stage, Stage::Ended(_)) {
                    actions.push(Action::Abort(at));
                }
            }
        }
        if state.world.tables.now < self.scenario.ticks {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Ask(key) => {
                let is_hold = self.scenario.errands[usize::from(key)] == Errand::Confirm;
                let holds = is_hold.then_some(HOLD);
                state.clients[usize::from(key)].asked += 1;
                state.begin(Request::Allocate { key, holds, pick: 0 }, Asker::Client(key));
            }
            Action::Settle(key) => {
                let client = &mut state.clients[usize::from(key)];
                client.settle_calls += 1;
                let position = client.told?;
                let request = match self.scenario.errands[usize::from(key)] {
                    Errand::GiveBack => Request::Release(position),
                    _ => Request::Confirm(position),
                };
                state.begin(request, Asker::Client(key));
            }
            Action::Operate(at) => {
                let request = state.operator.remove(at);
                state.begin(request, Asker::Operator);
            }
            Action::Step(at) => self.step(&mut state, at),
            Action::Answer(at) => state.answer(at),
            Action::Lose(at) => {
                state.cuts += 1;
                state.askers[at] = Asker::Nobody;
            }
            Action::Abort(at) => {
                state.cuts += 1;
                state.end(at);
            }
            Action::Tick => state.world.tables.now += 1,
        }
        state.tidy();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("no code has two keys", |_, state: &State| {
                (0..state.world.tables.codes).all(|code| state.world.tables.owners(code).count() < 2)
            }),
            Property::always("no key has two codes", |_, state: &State| {
                let keys = 0..u8::try_from(state.clients.len()).unwrap();
                let rows = |key| {
                    state
                        .world
                        .tables
                        .ledger
                        .iter()
                        .filter(move |(_, owner)| *owner == key)
                };
                keys.into_iter().all(|key| rows(key).count() < 2)
                    && !state.wrongs.contains(&Wrong::AnotherCode)
            }),
            Property::always("nothing acknowledged is lost", System::keeps_what_was_told),
            Property::always("a refusal is true", |_, state: &State| {
                !state.wrongs.contains(&Wrong::RefusedAlthoughFree)
            }),
            Property::always(
                "a code goes out again only when it was given back",
                |_, state: &State| {
                    let tables = &state.world.tables;
                    let again = tables.ledger.iter().filter(|(position, _)| position.turn > 0);
                    again.copied().all(|(position, _)| {
                        let turn = position.turn - 1;
                        tables.status(Position { turn, ..position }) == Status::Released
                    })
                },
            ),
            Property::always("an archived list gives nothing", |_, state: &State| {
                !state.wrongs.contains(&Wrong::AllocatedAfterArchive)
            }),
            Property::always("a disabled code belongs to nobody", |_, state: &State| {
                let mut disabled = state.world.tables.disabled.iter();
                disabled.all(|code| state.world.tables.owners(*code).next().is_none())
            }),
            Property::always("the gate alone keeps positions apart", |_, state: &State| {
                !state.world.position_was_refused
            }),
            Property::always("no call waits for ever", |system: &System, state: &State| {
                let mut calls = 0..state.world.calls.len();
                calls.is_empty()
                    || calls.any(|at| state.world.can_step(at, system.rules) || system.may_answer(state, at))
            }),
        ];
        properties.extend(what_should_be_seen());
        properties
    }
}

/// A scenario in which these never happen would show nothing.
fn what_should_be_seen() -> Vec<Property<System>> {
    vec![
        Property::sometimes("a code goes out again", |_, state: &State| {
            state
                .world
                .tables
                .ledger
                .iter()
                .any(|(position, _)| position.turn > 0)
        }),
        Property::sometimes("a retry gets what it had", |_, state: &State| {
            state.clients.iter().any(|client| client.was_repeated)
        }),
        Property::sometimes("none is left", |_, state: &State| state.seen.none_left),
        Property::sometimes("an index refuses one of two calls", |_, state: &State| {
            state.seen.index_refused
        }),
        Property::sometimes("a hold is confirmed", |_, state: &State| {
            state.clients.iter().any(|client| client.is_confirmed)
        }),
        Property::sometimes("a confirmation comes too late", |_, state: &State| {
            state.clients.iter().any(|client| client.was_late)
        }),
        Property::sometimes("a list is refused as archived", |_, state: &State| {
            state.seen.not_active
        }),
    ]
}

impl System {
    fn may_answer(&self, state: &State, at: usize) -> bool {
        let Some(Call { stage, .. }) = state.world.calls.get(at) else {
            return false;
        };
        let is_early = matches!(stage, Stage::Written(..)) && self.rules.lack(Defect::AnswerBeforeCommit);
        state.askers[at] != Asker::Nobody && (matches!(stage, Stage::Ended(_)) || is_early)
    }

    fn step(&self, state: &mut State, at: usize) {
        let commits =
            matches!(&state.world.calls[at].stage, Stage::Written(change, _) if change.row.is_some());
        if commits && state.world.tables.is_archived {
            state.wrongs.insert(Wrong::AllocatedAfterArchive);
        }
        let request = state.world.calls[at].request.clone();
        state.world.step(at, self.rules);
        let tables = &state.world.tables;
        match (&state.world.calls[at].stage, request) {
            (
                Stage::Decided(_, answer @ (Answer::Exhausted | Answer::NotActive)),
                Request::Allocate { key, .. },
            ) => {
                let is_free = *answer == Answer::Exhausted && tables.free_codes().next().is_some();
                if is_free || tables.position_of(key).is_some() {
                    state.wrongs.insert(Wrong::RefusedAlthoughFree);
                }
                state.seen.none_left |= *answer == Answer::Exhausted;
                state.seen.not_active |= *answer == Answer::NotActive;
            }
            (Stage::Ended(Answer::Again), _) => state.seen.index_refused = true,
            _ => {}
        }
    }

    fn keeps_what_was_told(&self, state: &State) -> bool {
        let tables = &state.world.tables;
        (0..)
            .zip(&state.clients)
            .zip(&self.scenario.errands)
            .all(|((key, client), errand)| {
                let Some(position) = client.told else {
                    return true;
                };
                let is_ended = match errand {
                    Errand::Keep => false,
                    Errand::GiveBack => client.settle_calls > 0,
                    Errand::Confirm => !client.is_confirmed && tables.now >= HOLD,
                };
                let has_it = matches!(tables.status(position), Status::Held | Status::Allocated);
                let is_disabled = tables.disabled.contains(&position.code);
                tables.ledger.contains(&(position, key)) && (has_it || is_ended || is_disabled)
            })
            && !state.wrongs.contains(&Wrong::GivenBackUnasked)
    }
}

impl State {
    fn begin(&mut self, request: Request, asker: Asker) {
        self.world.calls.push(Call::new(request));
        self.askers.push(asker);
    }

    fn end(&mut self, at: usize) -> Asker {
        self.world.calls.remove(at);
        self.askers.remove(at)
    }

    fn answer(&mut self, at: usize) {
        let answer = match &self.world.calls[at].stage {
            // Nothing was taken, and the server asks again.
            Stage::Ended(Answer::Again) => {
                self.world.calls[at].stage = Stage::Asked;
                return;
            }
            Stage::Ended(answer) => {
                let answer = *answer;
                let asker = self.end(at);
                self.tell(asker, answer);
                return;
            }
            Stage::Written(_, answer) => *answer,
            _ => return,
        };
        let asker = std::mem::replace(&mut self.askers[at], Asker::Nobody);
        self.tell(asker, answer);
    }

    fn tell(&mut self, asker: Asker, answer: Answer) {
        let Asker::Client(key) = asker else {
            return;
        };
        let client = &mut self.clients[usize::from(key)];
        match answer {
            Answer::New(position) | Answer::Repeat(position) => {
                if client.told.is_some_and(|told| told != position) {
                    self.wrongs.insert(Wrong::AnotherCode);
                }
                client.was_repeated |= matches!(answer, Answer::Repeat(_));
                client.told = Some(position);
            }
            Answer::GivenBack => {
                let ended = client.settle_calls > 0
                    || self.world.tables.now >= HOLD
                    || client
                        .told
                        .is_none_or(|told| self.world.tables.disabled.contains(&told.code));
                if !ended {
                    self.wrongs.insert(Wrong::GivenBackUnasked);
                }
            }
            Answer::Confirmed => client.is_confirmed = true,
            Answer::NotHeld => client.was_late = true,
            _ => {}
        }
    }

    /// Calls that ended for nobody are gone, and those that are alike but for their order are one state.
    fn tidy(&mut self) {
        let calls = std::mem::take(&mut self.world.calls);
        let mut calls: Vec<_> = calls.into_iter().zip(self.askers.drain(..)).collect();
        calls.retain(|(call, asker)| !(matches!(call.stage, Stage::Ended(_)) && *asker == Asker::Nobody));
        calls.sort_unstable();
        (self.world.calls, self.askers) = calls.into_iter().unzip();
    }
}

/// Looks at every state; nothing may go wrong, and these must have come about.
pub(crate) fn check(scenario: Scenario, seen: &[&'static str]) {
    let rules = Rules::default();
    let checker = System { scenario, rules }.checker().spawn_bfs().join();
    for property in checker.model().properties() {
        if matches!(property.expectation, Expectation::Always) {
            checker.assert_no_discovery(property.name);
        }
    }
    for name in seen {
        checker.assert_any_discovery(name);
    }
    eprintln!(
        "{} states, the longest way {} steps",
        checker.unique_state_count(),
        checker.max_depth()
    );
}

/// The checker finds steps that end in a state where this is not so.
pub(crate) fn finds(scenario: Scenario, defects: &'static [Defect], property: &'static str) {
    let rules = Rules { defects };
    let checker = System { scenario, rules }
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let steps = checker.assert_any_discovery(property).into_actions();
    eprintln!("{} steps: {steps:?}", steps.len());
}
