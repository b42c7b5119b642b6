//! Calls of every kind come to a list's gate together: whoever gets in first, each judges by what it finds inside.

use std::cell::Cell;

use domain::{AllocationStatus, Position};
use futures_util::future::{join, join_all};
use sqlx::Connection as _;
use storage::{
    AllocationOutcome, AllocationRequest, Allocator, CodePlace, ConfirmOutcome, DisableOutcome, Shortage,
};

use crate::{
    course::Course,
    database::{TestDatabase, request},
};

const CROWDS: usize = 40;
/// As many as the storage has connections.
const CALLS: usize = 4;

/// What comes beside hand-outs.
#[derive(Debug)]
enum Call {
    Confirm(Position),
    Release(Position),
    Disable(CodePlace, String),
    Sweep,
}

impl Call {
    /// The hand-out that lasts from here on.
    async fn make(&self, database: &TestDatabase) -> Option<Position> {
        let (storage, list) = (&database.storage, &database.list);
        match self {
            Self::Confirm(position) => {
                let outcomes = storage.confirm(list, &[*position]).await.unwrap();
                return (outcomes == [ConfirmOutcome::Confirmed]).then_some(*position);
            }
            Self::Release(position) => drop(storage.release(list, &[*position]).await.unwrap()),
            Self::Disable(place, code) => {
                let outcome = storage.disable(list, *place, code).await.unwrap();
                assert_ne!(outcome, DisableOutcome::Redeemed);
            }
            Self::Sweep => _ = storage.sweep_holds().await.unwrap(),
        }
        None
    }

    fn ends(&self, position: Position) -> bool {
        match self {
            Self::Release(other) => *other == position,
            Self::Disable(place, _) => *place == CodePlace::new(position.file_id, position.ordinal),
            Self::Confirm(_) | Self::Sweep => false,
        }
    }
}

/// A course of crowds, on two servers.
struct Crowds {
    course: Course,
    other: Allocator,
    /// Hand-outs that were confirmed, and not given back since.
    confirmed: Vec<Position>,
}

impl Crowds {
    async fn come(&mut self) {
        self.let_holds_run_out(3).await;
        let calls: Vec<Call> = (0..CALLS).map(|_| self.any_call()).collect();
        let hand_outs = self.any_hand_outs();
        let database = &self.course.database;
        let run_out = database
            .number("select count(*) from hold where held_until <= clock_timestamp()")
            .await;
        let waiting = calls
            .iter()
            .filter(|call| run_out > 0 || !matches!(call, Call::Sweep));
        let waiting = i64::try_from(waiting.count()).unwrap();
        let mut holder = database.in_transaction("select from gate for update").await;

        let ended = Cell::new(0);
        let made = join_all(calls.iter().map(async |call| {
            let lasts = call.make(database).await;
            ended.set(ended.get() + 1);
            lasts
        }));
        let [one, other] = &hand_outs;
        let asked = [(&database.allocator, one), (&self.other, other)];
        let handed_out = join_all(asked.map(async |(server, requests)| {
            let allocated = server.allocate(&database.list, requests.clone(), Shortage::Partial);
            allocated.await.unwrap()
        }));
        let letting_in = async {
            database
                .until_waiting_for_a_lock_or(waiting, || ended.get() == CALLS)
                .await;
            self.let_holds_run_out(2).await;
            sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
            holder.close().await.unwrap();
        };
        let ((made, handed_out), ()) = join(join(made, handed_out), letting_in).await;
        self.confirmed
            .retain(|position| !calls.iter().any(|call| call.ends(*position)));
        let lasting = made.into_iter().flatten();
        self.confirmed
            .extend(lasting.filter(|position| !calls.iter().any(|call| call.ends(*position))));
        for (requests, outcomes) in hand_outs.into_iter().zip(handed_out) {
            for (request, outcome) in requests.into_iter().zip(outcomes) {
                self.note(request.user_id.as_str(), outcome);
            }
        }
        for call in calls {
            if let Call::Disable(_, code) = call {
                self.course.never.insert(code);
            }
        }
    }

    async fn let_holds_run_out(&self, of: usize) {
        let sql = format!("update hold set held_until = clock_timestamp() where ordinal % {of} = 0");
        self.course.database.run(sql).await;
    }

    fn any_call(&mut self) -> Call {
        let (given, chance) = (&self.course.given, &mut self.course.chance);
        // Of the last few, so that two often mean the same.
        let some = given.len().checked_sub(1 + chance.below(given.len().clamp(1, 4)));
        let position = some.map(|at| given[at]);
        match (chance.below(10), position) {
            (0..=2, Some(position)) => Call::Confirm(position),
            (3..=5, Some(position)) => Call::Release(position),
            (6, Some(_)) => {
                let (place, code) = self.course.any_code().unwrap();
                Call::Disable(place, code)
            }
            _ => Call::Sweep,
        }
    }

    /// For each server; one of the keys is asked of both.
    fn any_hand_outs(&mut self) -> [Vec<AllocationRequest>; 2] {
        let course = &mut self.course;
        course.users += 3;
        let mut any = |n| AllocationRequest {
            hold_seconds: (course.chance.below(3) > 0).then_some(3600),
            ..request(&format!("u{}", course.users - n))
        };
        let (one, both, other) = (any(0), any(1), any(2));
        [vec![one, both.clone()], vec![both, other]]
    }

    fn note(&mut self, user: &str, outcome: AllocationOutcome) {
        let is_new = matches!(outcome, AllocationOutcome::New(_));
        let (AllocationOutcome::New(allocation) | AllocationOutcome::Repeat(allocation)) = outcome else {
            return;
        };
        let course = &mut self.course;
        assert!(
            !course.never.contains(&allocation.code),
            "{} was disabled",
            allocation.code
        );
        let before = course.codes.insert(user.to_owned(), allocation.code.clone());
        assert!(
            before.is_none_or(|before| before == allocation.code),
            "{user} has two codes"
        );
        if is_new {
            course.given.push(allocation.position);
        }
    }

    async fn check(&mut self, what: &str) {
        self.course.check(what).await;
        let database = &self.course.database;
        let recorded = database.storage.recorded(&database.list, &self.confirmed).await;
        for recorded in recorded.unwrap() {
            let allocation = recorded.unwrap().allocation;
            assert_eq!(
                allocation.status,
                AllocationStatus::Allocated,
                "after {what}: {} was confirmed",
                allocation.code
            );
        }
    }
}

async fn run(seed: u64) {
    let course = Course::new(seed).await;
    let mut crowds = Crowds {
        other: course.database.another_allocator(),
        course,
        confirmed: Vec::new(),
    };
    for number in 0..CROWDS {
        // Now and then, so that the list is often dry.
        if number % 8 == 0 {
            crowds.course.load().await;
        }
        crowds.come().await;
        crowds.check(&format!("crowd {number} of seed {seed}")).await;
    }
    crowds.course.check_keys().await;
}

#[tokio::test]
async fn whatever_comes_to_the_gate_together_leaves_the_numbers_true_and_every_code_with_one_key() {
    join_all((1..=3).map(run)).await;
}
