//! The allocator's model and the real functions get the same steps and must give the same answers: the model was written
//! from docs/ALLOCATIONS.md, the functions are what runs.

use std::collections::BTreeMap;

use ::model::{Answer, Request, Tables, World};
use domain::Position;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use storage::{
    AllocationOutcome, AllocationRequest, CodePlace, ConfirmOutcome, DisableOutcome, ReleaseOutcome, Shortage,
};

use crate::database::{TestDatabase, request};

/// How long a hold lasts by the model's clock; the database's is moved with it.
const HOLD: u8 = 1;
/// The most that a file brings: with all steps loads they still are fewer than 256.
const CODES: u8 = 6;

#[derive(Debug, Clone)]
enum Step {
    Load(u8),
    /// Keys, and whether they want holds.
    Allocate(Vec<u8>, bool),
    /// One of the allocations so far.
    Confirm(prop::sample::Index),
    Release(prop::sample::Index),
    Disable(prop::sample::Index),
    RunOut,
    Sweep,
    Archive,
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => (1..=CODES).prop_map(Step::Load),
        8 => (vec(0_u8..40, 1..5), any::<bool>()).prop_map(|(keys, holds)| Step::Allocate(keys, holds)),
        3 => index().prop_map(Step::Confirm),
        5 => index().prop_map(Step::Release),
        2 => index().prop_map(Step::Disable),
        2 => Just(Step::RunOut),
        2 => Just(Step::Sweep),
    ]
}

/// Archived at last, or never: what follows an archive is soon said.
fn any_course() -> impl Strategy<Value = Vec<Step>> {
    (vec(any_step(), 10..40), any::<bool>(), vec(any_step(), 0..6)).prop_map(
        |(mut steps, archives, after)| {
            if archives {
                steps.push(Step::Archive);
                steps.extend(after);
            }
            steps
        },
    )
}

struct Pair {
    real: TestDatabase,
    model: World,
    /// Where the model's codes are: file, ordinal and text of each.
    places: Vec<(i64, i64, String)>,
}

impl Pair {
    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Load(codes) if !self.model.tables.is_archived => self.load(*codes).await,
            Step::Load(_) => {}
            Step::Allocate(keys, holds) => self.allocate(keys, *holds).await?,
            Step::Confirm(which) => self.confirm(*which).await?,
            Step::Release(which) => self.release(*which).await?,
            Step::Disable(which) => self.disable(*which).await?,
            Step::RunOut => self.run_out().await,
            Step::Sweep => {
                self.real.storage.sweep_holds().await.unwrap();
                self.model.run(Request::Sweep);
            }
            Step::Archive => {
                self.real.storage.archive_list(&self.real.list).await.unwrap();
                self.model.run(Request::Archive);
            }
        }
        self.compare_stock().await
    }

    async fn load(&mut self, codes: u8) {
        let first = self.places.len();
        let texts: Vec<_> = (first..first + usize::from(codes))
            .map(|n| format!("code-{n}"))
            .collect();
        let codes_of_file: Vec<_> = texts.iter().map(String::as_str).collect();
        self.real.load(&codes_of_file, 3).await;
        let file = self.real.number("select max(file_id) from coupon_file").await;
        self.places
            .extend((0..).zip(texts).map(|(ordinal, text)| (file, ordinal, text)));
        self.model.run(Request::Load(codes));
    }

    async fn allocate(&mut self, keys: &[u8], holds: bool) -> Result<(), TestCaseError> {
        let requests = keys.iter().map(|key| AllocationRequest {
            hold_seconds: holds.then_some(3600),
            ..request(&format!("key-{key}"))
        });
        let allocator = &self.real.allocator;
        let outcomes = allocator
            .allocate(&self.real.list, requests.collect(), Shortage::Partial)
            .await;
        for (key, outcome) in keys.iter().zip(outcomes.unwrap()) {
            let real = match outcome {
                AllocationOutcome::New(allocation) => {
                    Answer::New(self.in_model(&allocation.code, allocation.position))
                }
                AllocationOutcome::Repeat(allocation) => {
                    Answer::Repeat(self.in_model(&allocation.code, allocation.position))
                }
                AllocationOutcome::Released => Answer::GivenBack,
                AllocationOutcome::ListNotActive => Answer::NotActive,
                AllocationOutcome::Exhausted => Answer::Exhausted,
                AllocationOutcome::Conflict | AllocationOutcome::Paused => {
                    return Err(TestCaseError::fail("a conflict, or a pause"));
                }
            };
            // Which of several that were given back goes out is not promised; that it is one of them is.
            let choices = self.model.tables.choices();
            let pick = match real {
                Answer::New(position) => choices.iter().position(|choice| *choice == position),
                _ => Some(0),
            };
            prop_assert!(
                pick.is_some(),
                "{real:?} went out, and the choices were {choices:?}"
            );
            let holds = holds.then_some(HOLD);
            let (key, pick) = (*key, pick.unwrap());
            prop_assert_eq!(
                real,
                self.model.run(Request::Allocate { key, holds, pick }),
                "key {}",
                key
            );
        }
        Ok(())
    }

    async fn confirm(&mut self, which: prop::sample::Index) -> Result<(), TestCaseError> {
        let Some((model, real)) = self.some_allocation(which) else {
            return Ok(());
        };
        let outcomes = self.real.storage.confirm(&self.real.list, &[real]).await.unwrap();
        let real = match outcomes[0] {
            ConfirmOutcome::Confirmed => Answer::Confirmed,
            ConfirmOutcome::Released => Answer::NotHeld,
            ConfirmOutcome::Unknown => Answer::Absent,
        };
        prop_assert_eq!(real, self.model.run(Request::Confirm(model)));
        Ok(())
    }

    async fn release(&mut self, which: prop::sample::Index) -> Result<(), TestCaseError> {
        let Some((model, real)) = self.some_allocation(which) else {
            return Ok(());
        };
        let outcomes = self.real.storage.release(&self.real.list, &[real]).await.unwrap();
        let real = match outcomes[0] {
            ReleaseOutcome::Released => Answer::Released,
            ReleaseOutcome::Disabled => Answer::Disabled,
            ReleaseOutcome::Redeemed | ReleaseOutcome::Unknown => Answer::Absent,
        };
        prop_assert_eq!(real, self.model.run(Request::Release(model)));
        Ok(())
    }

    async fn disable(&mut self, which: prop::sample::Index) -> Result<(), TestCaseError> {
        if self.places.is_empty() {
            return Ok(());
        }
        let code = which.index(self.places.len());
        let (file, ordinal, text) = &self.places[code];
        let place = CodePlace::new(*file, *ordinal);
        let real = match self
            .real
            .storage
            .disable(&self.real.list, place, text)
            .await
            .unwrap()
        {
            DisableOutcome::Disabled => Answer::Disabled,
            DisableOutcome::Redeemed | DisableOutcome::Absent => Answer::Absent,
        };
        prop_assert_eq!(
            real,
            self.model.run(Request::Disable(u8::try_from(code).unwrap()))
        );
        Ok(())
    }

    /// All holds there are run out, in the order of their codes.
    async fn run_out(&mut self) {
        let list = self.real.list_id().await;
        self.real
            .run(format!(
                "update hold set held_until = clock_timestamp() where list_id = {list} and held_until > clock_timestamp()"
            ))
            .await;
        self.model.tables.now += HOLD;
    }

    async fn compare_stock(&self) -> Result<(), TestCaseError> {
        let real = self.real.stock().await;
        let tables = &self.model.tables;
        let count = |status| count_of(tables, status);
        prop_assert_eq!(
            real.available,
            i64::try_from(tables.free_codes().count()).unwrap(),
            "available"
        );
        prop_assert_eq!(real.held, count(::model::Status::Held), "held");
        prop_assert_eq!(real.allocated, count(::model::Status::Allocated), "allocated");
        if !tables.is_archived {
            prop_assert_eq!(
                real.disabled,
                i64::try_from(tables.disabled.len()).unwrap(),
                "disabled"
            );
        }
        Ok(())
    }

    /// A position as the model has it; the text must be the code that lies there.
    fn in_model(&self, text: &str, position: Position) -> ::model::Position {
        let place = (position.file_id, position.ordinal, text.to_owned());
        let code = self.places.iter().position(|other| *other == place);
        ::model::Position {
            code: u8::try_from(code.expect("a code of the list, at its place")).unwrap(),
            turn: u8::try_from(position.turn).unwrap(),
        }
    }

    fn some_allocation(&self, which: prop::sample::Index) -> Option<(::model::Position, Position)> {
        let ledger = &self.model.tables.ledger;
        let (model, _) = *ledger.iter().nth(which.index(ledger.len().max(1)))?;
        let (file_id, ordinal, _) = self.places[usize::from(model.code)];
        let turn = i32::from(model.turn);
        Some((
            model,
            Position {
                file_id,
                ordinal,
                turn,
            },
        ))
    }
}

fn count_of(tables: &Tables, status: ::model::Status) -> i64 {
    let latest: BTreeMap<_, _> = tables
        .ledger
        .iter()
        .map(|(position, _)| (position.code, *position))
        .collect();
    let counted = latest
        .values()
        .filter(|position| tables.status(**position) == status);
    i64::try_from(counted.count()).unwrap()
}

#[test]
fn model_and_database_give_the_same_answers_to_the_same_steps() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::new());
    let lists = std::cell::Cell::new(0);
    // Seeded anew each time; what fails is shrunk and printed.
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&any_course(), |steps| {
        lists.set(lists.get() + 1);
        runtime.block_on(async {
            let mut pair = Pair {
                real: database.another_list(&format!("list-{}", lists.get())).await,
                model: World::new(0),
                places: Vec::new(),
            };
            for step in &steps {
                pair.step(step).await?;
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
