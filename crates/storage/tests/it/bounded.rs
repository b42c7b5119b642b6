//! However many exceptions a list has, a hand-out stays within its limit.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};
use storage::{AllocationOutcome, Allocator, ConfirmOutcome, ReleaseOutcome, Shortage};

use crate::database::{TestDatabase, new, request};

/// A hundred times what the statements of these tests take, a fraction of what they took when they did all at once.
const HURRY: Duration = Duration::from_millis(300);
/// What a hand-out's statement may take in service.
const IN_SERVICE: Duration = Duration::from_secs(2);

async fn ask(
    database: &TestDatabase,
    allocator: &Allocator,
    users: &[&str],
    shortage: Shortage,
) -> Vec<String> {
    let requests = users.iter().map(|user| request(user)).collect();
    let outcomes = allocator.allocate(&database.list, requests, shortage).await;
    outcomes
        .unwrap()
        .into_iter()
        .map(|outcome| new(outcome).code)
        .collect()
}

/// So many holds of one file that have run out, as if nobody had looked after them.
async fn with_run_out_holds(number: u32) -> TestDatabase {
    let database = TestDatabase::new().await;
    database.load(&["z1"], 1).await;
    database.load(&["h0", "h1"], 1).await;
    let holds = format!(
        "insert into ledger (list_id, file_id, ordinal, turn, code, request_key, user_id, allocated_at)
         select list_id, file_id, n, 0, 'h' || n, gen_random_uuid(), 'u' || n, now() - interval '1 hour'
         from coupon_file f, generate_series(0, {number} - 1) n where f.file_id = (select max(file_id) from coupon_file);
         insert into hold (list_id, file_id, ordinal, turn, held_until)
         select list_id, file_id, ordinal, turn, now() - interval '1 minute' from ledger;
         update coupon_file set added = {number}, used_up = true
         where file_id = (select max(file_id) from coupon_file);
         select note_at_gate(list_id) from coupon_list"
    );
    database.run(holds).await;
    database
}

#[tokio::test]
async fn fifteen_thousand_disabled_codes_in_a_row_do_not_hide_the_one_behind_them() {
    let database = TestDatabase::new().await;
    let codes: Vec<String> = (0..=15_000).map(|n| format!("c{n}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    database.load(&codes, 600).await;
    database
        .run(
            "do $$
             begin
                 for n in 0..14999 loop
                     perform disable(f.list_id, f.file_id, n, 'c' || n) from coupon_file f;
                     if n % 500 = 0 then commit; end if;
                 end loop;
             end $$",
        )
        .await;
    let hurried = database.hurried_allocator(IN_SERVICE);
    assert_eq!(
        ask(&database, &hurried, &["u1"], Shortage::Partial).await,
        ["c15000"]
    );
    assert!(matches!(
        database.allocate(&["u2"]).await[..],
        [AllocationOutcome::Exhausted]
    ));
}

#[tokio::test]
async fn run_out_holds_beyond_number_serve_the_next_key_at_once() {
    let database = with_run_out_holds(100_000).await;
    let storage = database.hurried_storage(HURRY);
    let hurried = database.hurried_allocator(HURRY);
    assert_eq!(
        ask(&database, &hurried, &["u-1"], Shortage::Partial).await,
        ["z1"]
    );
    let one = ask(&database, &hurried, &["u-2"], Shortage::Partial).await;
    assert!(one[0].starts_with('h'), "{one:?}");
    let all = ask(&database, &hurried, &["u-3", "u-4"], Shortage::Reject).await;
    assert!(all.iter().all(|code| code.starts_with('h')), "{all:?}");
    assert_eq!(database.stock().await.available, 99_997);
    assert_eq!(storage.sweep_holds().await.unwrap(), 99_997);
    let stock = database.stock().await;
    assert_eq!((stock.available, stock.allocated, stock.held), (99_997, 4, 0));
}

#[tokio::test]
async fn a_list_with_run_out_holds_beyond_number_is_archived_at_once() {
    let database = with_run_out_holds(100_000).await;
    database
        .hurried_storage(HURRY)
        .archive_list(&database.list)
        .await
        .unwrap();
    let stock = database.stock().await;
    assert_eq!(
        (stock.total, stock.available, stock.held, stock.allocated),
        (0, 0, 0, 0)
    );
    assert_eq!(database.storage.sweep_holds().await.unwrap(), 100_000);
    assert_eq!(database.stock().await.total, 0);
}

#[tokio::test]
async fn given_back_codes_beyond_number_do_not_keep_a_file_from_being_deleted() {
    let database = with_run_out_holds(100_000).await;
    assert_eq!(database.storage.sweep_holds().await.unwrap(), 100_000);
    let hurried = database.hurried_storage(HURRY);
    for file in hurried
        .files(&database.list, storage::Page::default())
        .await
        .unwrap()
    {
        assert!(hurried.delete_file(&database.list, file.public_id).await.unwrap());
    }
    assert_eq!(database.stock().await.total, 0);
    database
        .storage
        .purge_list(database.list_id().await)
        .await
        .unwrap();
    assert_eq!(database.stock().await.total, 0);
    assert_eq!(database.number("select count(*) from returned").await, 0);
}

#[tokio::test]
async fn confirming_many_answers_each_at_its_place() {
    let database = TestDatabase::new().await;
    let codes: Vec<String> = (0..2_500).map(|n| format!("c{n}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    database.load(&codes, 600).await;
    let users: Vec<String> = (0..2_499).map(|n| format!("u{n}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut places: Vec<_> = (database.allocate(&users).await.into_iter())
        .map(|outcome| new(outcome).position)
        .collect();
    let mut unknown = places[0];
    unknown.ordinal = 2_499;
    places.insert(1_700, unknown);
    let confirmed = database.storage.confirm(&database.list, &places).await.unwrap();
    let odd: Vec<usize> = (0..places.len())
        .filter(|n| confirmed[*n] != ConfirmOutcome::Confirmed)
        .collect();
    assert_eq!((odd, confirmed.len()), (vec![1_700], 2_500));
    let released = database.storage.release(&database.list, &places).await.unwrap();
    let odd: Vec<usize> = (0..places.len())
        .filter(|n| released[*n] != ReleaseOutcome::Released)
        .collect();
    assert_eq!((odd, released.len()), (vec![1_700], 2_500));
    assert_eq!(database.stock().await.available, 2_500);
}

/// Counted in pages that a hand-out looks at, which a clock cannot falsify.
#[tokio::test]
async fn give_backs_beside_a_long_snapshot_leave_a_hand_out_what_it_costs() {
    let database = TestDatabase::new().await;
    let codes: Vec<String> = (0..1_001).map(|n| format!("c{n}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    database.load(&codes, 600).await;
    give_back_a_thousand(&database, 0).await;
    let before = pages_of_a_hand_out(&database).await;
    let snapshot = database
        .in_transaction("set transaction isolation level repeatable read; select count(*) from coupon_list")
        .await;
    for round in 1..=15 {
        give_back_a_thousand(&database, round).await;
    }
    let after = pages_of_a_hand_out(&database).await;
    assert!(after <= before + 40, "{before} pages before, {after} after");
    drop(snapshot);
}

async fn give_back_a_thousand(database: &TestDatabase, round: usize) {
    let users: Vec<String> = (0..1_000).map(|n| format!("u-{round}-{n}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let places: Vec<_> = (database.allocate(&users).await.into_iter())
        .map(|outcome| new(outcome).position)
        .collect();
    database.storage.release(&database.list, &places).await.unwrap();
}

async fn pages_of_a_hand_out(database: &TestDatabase) -> i64 {
    pages_of(
        database,
        "select * from allocate((select min(list_id) from coupon_list), array(select list_id from coupon_list), array[1],
                                array[gen_random_uuid()], array['probe'],
                                null, null, null, false, null)",
    )
    .await
}

async fn pages_of(database: &TestDatabase, statement: &str) -> i64 {
    let mut connection = database
        .in_transaction("set local plan_cache_mode = force_generic_plan")
        .await;
    let mut pages = 0;
    // The first time plans are made, which reads the catalogue.
    for _ in 0..2 {
        let explain = format!("explain (analyze, buffers, format json) {statement}");
        let row = sqlx::query(AssertSqlSafe(explain))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let plan: serde_json::Value = row.get(0);
        let plan = &plan[0]["Plan"];
        pages = plan["Shared Hit Blocks"].as_i64().unwrap() + plan["Shared Read Blocks"].as_i64().unwrap();
    }
    sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
    pages
}

/// The ledger was empty when it was analysed, or never was.
#[tokio::test]
async fn a_person_is_found_by_a_few_pages_however_many_there_are() {
    let database = TestDatabase::new().await;
    let all: Vec<String> = (0..6_000).map(|n| format!("u-{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    database.load(&all, 600).await;
    database.allocate(&all).await;
    let pages = pages_of(
        &database,
        "select a.* from ledger l, allocations_of_user(l.list_id, l.user_id, l.request_key, l.request_key) a
         where l.user_id = 'u-77'",
    )
    .await;
    let walk = pages_of(&database, "select count(*) from ledger where user_id = 'u-77'").await;
    assert!(
        pages <= walk + 20,
        "{pages} pages, {walk} to walk over the ledger once"
    );
}
