//! One call serves several lists, and none of them has to wait for another.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};
use storage::{AllocationOutcome, AllocationsUnavailable, Allocator, Error, ListRef, Shortage};

use crate::database::{TestDatabase, new, request};

type Asked = Result<AllocationOutcome, AllocationsUnavailable>;

/// What each of so many users gets, each asking for themselves at the same time.
async fn ask(allocator: &Allocator, list: &Arc<ListRef>, users: usize) -> Vec<Asked> {
    let one = async |user: usize| {
        let requests = vec![request(&format!("user-{user}"))];
        let outcomes = allocator.allocate(list, requests, Shortage::Partial).await;
        outcomes.map(|outcomes| outcomes.into_iter().next().unwrap())
    };
    join_all((0..users).map(one)).await
}

fn codes(outcomes: Vec<Asked>) -> BTreeSet<String> {
    outcomes
        .into_iter()
        .map(|outcome| new(outcome.unwrap()).code)
        .collect()
}

/// A connection that has a list's gate until it is told to let go.
async fn take_gate(database: &TestDatabase, list: &ListRef) -> PgConnection {
    let mut holder = database.connect().await;
    sqlx::raw_sql("begin").execute(&mut holder).await.unwrap();
    sqlx::query(
        "select from gate join coupon_list using (list_id) where public_id = decode($1, 'hex') for update of gate",
    )
    .bind(list.public_id.to_string())
    .execute(&mut holder)
    .await
    .unwrap();
    holder
}

async fn let_go(mut holder: PgConnection) {
    sqlx::raw_sql("commit").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
}

#[tokio::test]
async fn each_list_gives_its_own_codes_and_runs_dry_by_itself() {
    let database = TestDatabase::new().await;
    let mut lists = Vec::new();
    for number in 1..=20 {
        let list = database.another_list(&format!("list-{number}")).await;
        let codes: Vec<String> = (0..number * 3).map(|code| format!("{number}-{code}")).collect();
        list.load(&codes.iter().map(String::as_str).collect::<Vec<_>>(), 7)
            .await;
        lists.push((list, codes));
    }
    let asked = lists.iter().map(|(list, _)| ask(&list.allocator, &list.list, 40));
    for ((list, all), outcomes) in lists.iter().zip(join_all(asked).await) {
        let (served, refused): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|outcome| matches!(outcome, Ok(AllocationOutcome::New(_))));
        let expected: BTreeSet<String> = all.iter().take(40).cloned().collect();
        assert_eq!(codes(served), expected);
        assert_eq!(refused.len(), 40 - expected.len());
        assert!(
            refused
                .iter()
                .all(|outcome| matches!(outcome, Ok(AllocationOutcome::Exhausted)))
        );
        assert_eq!(
            list.stock().await.allocated,
            i64::try_from(expected.len()).unwrap()
        );
    }
    // Once more, with somebody new among them: who has a code keeps it.
    let asked = lists.iter().map(|(list, _)| ask(&list.allocator, &list.list, 41));
    for ((_, all), outcomes) in lists.iter().zip(join_all(asked).await) {
        let repeats = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Ok(AllocationOutcome::Repeat(_))));
        assert_eq!(repeats.count(), all.len().min(40));
        let new = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Ok(AllocationOutcome::New(_))));
        assert_eq!(new.count(), all.len().saturating_sub(40).min(1));
    }
}

#[tokio::test]
async fn a_list_whose_gate_is_taken_keeps_nobody_else_waiting() {
    let database = TestDatabase::new().await;
    let other = database.another_list("other").await;
    for list in [&database, &other] {
        let codes: Vec<String> = (0..100).map(|code| format!("CODE-{code}")).collect();
        list.load(&codes.iter().map(String::as_str).collect::<Vec<_>>(), 10)
            .await;
    }
    let holder = take_gate(&database, &database.list).await;
    let waiting = tokio::spawn({
        let (allocator, list) = (database.allocator.clone(), database.list.clone());
        async move { ask(&allocator, &list, 50).await }
    });
    for _ in 0..2 {
        assert!(
            ask(&other.allocator, &other.list, 50)
                .await
                .iter()
                .all(Result::is_ok)
        );
    }
    database.until_waiting_for_a_lock(1).await;
    assert!(!waiting.is_finished());
    let_go(holder).await;
    assert_eq!(codes(waiting.await.unwrap()).len(), 50);
}

#[tokio::test]
async fn a_key_that_comes_by_two_servers_at_once_gets_one_code_be_it_the_last() {
    let database = TestDatabase::new().await;
    database.load(&["only"], 10).await;
    let holder = take_gate(&database, &database.list).await;
    // Both have looked the key up, and found nothing, before one of them may go on.
    let asked = [database.allocator.clone(), database.another_allocator()].map(|allocator| {
        let list = database.list.clone();
        tokio::spawn(async move { ask(&allocator, &list, 1).await })
    });
    database.until_waiting_for_a_lock(2).await;
    let_go(holder).await;
    let mut outcomes = Vec::new();
    for asked in asked {
        outcomes.extend(asked.await.unwrap());
    }
    let new = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(AllocationOutcome::New(_))));
    let repeats = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(AllocationOutcome::Repeat(_))));
    assert_eq!((new.count(), repeats.count()), (1, 1), "{outcomes:?}");
}

#[tokio::test]
async fn a_list_that_is_over_gives_nothing_beside_others() {
    let database = TestDatabase::new().await;
    let mut lists = Vec::new();
    for name in ["first", "open", "over"] {
        let list = database.another_list(name).await;
        list.load(&[name, "next", "last"], 1).await;
        lists.push(list);
    }
    let expire = "update coupon_list set expires_at = clock_timestamp() where list_id = (select max(list_id) from coupon_list);
                  select note_at_gate(list_id) from coupon_list";
    database.run(expire).await;
    // The first call is for one list; the next one is for those that came meanwhile.
    let asked = lists.iter().map(|list| ask(&list.allocator, &list.list, 1));
    let outcomes = join_all(asked).await.into_iter().flatten();
    let outcomes: Vec<AllocationOutcome> = outcomes.map(Result::unwrap).collect();
    let [first, open, over] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!([first, open].map(|one| new(one.clone()).code), ["first", "open"]);
    assert!(matches!(over, AllocationOutcome::ListNotActive), "{over:?}");
}

#[tokio::test]
async fn a_list_that_is_broken_does_not_break_the_others() {
    let database = TestDatabase::new().await;
    let broken = database.another_list("broken").await;
    broken.load(&["b1", "b2"], 10).await;
    database.run("update block set codes = 'b1'").await;
    let all: Vec<String> = (0..100).map(|code| format!("CODE-{code}")).collect();
    database
        .load(&all.iter().map(String::as_str).collect::<Vec<_>>(), 10)
        .await;
    let (good, bad) = tokio::join!(
        ask(&database.allocator, &database.list, 100),
        ask(&broken.allocator, &broken.list, 100)
    );
    assert_eq!(codes(good), all.into_iter().collect());
    // One of them may have been first, alone, and have got the one code that is left.
    let faults = bad.iter().filter(|outcome| {
        matches!(outcome, Err(AllocationsUnavailable::Storage(error)) if matches!(**error, Error::Fault(_)))
    });
    assert!(faults.count() >= 99, "{bad:?}");
}

#[tokio::test]
async fn several_servers_that_meet_the_same_lists_in_other_orders_serve_all_and_give_no_code_twice() {
    let database = TestDatabase::new().await;
    let mut lists = Vec::new();
    for number in 0..24 {
        let list = database.another_list(&format!("list-{number}")).await;
        let codes: Vec<String> = (0..91).map(|code| format!("CODE-{code}")).collect();
        list.load(&codes.iter().map(String::as_str).collect::<Vec<_>>(), 7)
            .await;
        lists.push(list);
    }
    let servers: Vec<Allocator> = (0..3).map(|_| database.another_allocator()).collect();
    let one = async |server: usize, list: usize, user: usize| {
        // Each server meets the lists in another order.
        let list = &lists[(list * [5, 7, 11][server]) % lists.len()];
        let requests = vec![request(&format!("{server}-{user}"))];
        let outcomes = servers[server]
            .allocate(&list.list, requests, Shortage::Partial)
            .await;
        let allocation = match outcomes.unwrap().remove(0) {
            AllocationOutcome::Repeat(allocation) => allocation,
            other => new(other),
        };
        (list.list.public_id, allocation.code)
    };
    let asked =
        (0..3).flat_map(|server| (0..24).flat_map(move |list| (0..30).map(move |user| (server, list, user))));
    let given = join_all(asked.map(|(server, list, user)| one(server, list, user))).await;
    let different: BTreeSet<_> = given.iter().collect();
    assert_eq!(different.len(), 3 * 24 * 30);
    // Whoever asks again beside others who ask for the first time has the code that it had.
    let (again, first) = (one(0, 0, 0), one(0, 1, 30));
    let (again, _) = tokio::join!(again, first);
    assert_eq!(again, given[0]);
}
