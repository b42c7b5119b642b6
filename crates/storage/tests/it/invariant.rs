//! Whatever is done to a list in whatever order, its numbers are what a full recount says, nothing fails, and no code
//! has two owners.

use sqlx::Row as _;
use storage::{AllocationOutcome, CodePlace, DisableOutcome};

use crate::{course::Course, database::TestDatabase};

/// Every code of every file of the course's list, judged by itself from the ledger, its events, holds and disabled codes.
const RECOUNT: &str = "
    with place as (
        select f.sealed_at is null and c.status = 'ACTIVE' and c.expires_at > clock_timestamp() as open,
               f.quarantined_at is not null as quarantined, l.turn, h.held_until,
               exists (select from disabled d where d.file_id = f.file_id and d.ordinal = n)
               or exists (select from event e where e.file_id = f.file_id and e.ordinal = n and e.turn = l.turn
                          and e.kind = 'DISABLED') as disabled,
               exists (select from event e where e.file_id = f.file_id and e.ordinal = n and e.turn = l.turn
                       and e.kind = 'RELEASED') as released
        from coupon_file f
        join coupon_list c using (list_id)
        cross join generate_series(0, coalesce(f.sealed_at, f.added - 1)) n
        left join lateral (select l.turn from ledger l where l.file_id = f.file_id and l.ordinal = n
                           order by l.turn desc limit 1) l on true
        left join hold h on h.file_id = f.file_id and h.ordinal = n and h.turn = l.turn
        where f.status = 'SUCCESS' and f.list_id = (select min(list_id) from coupon_list)
    ), judged as (
        select case when disabled then case when open then 'disabled' end
                    when turn is null or released or held_until <= clock_timestamp()
                    then case when open and quarantined then 'quarantined' when open then 'available' end
                    when held_until is not null then 'held'
                    else 'allocated' end as state
        from place
    )
    select count(*) filter (where state = 'available'), count(*) filter (where state = 'held'),
           count(*) filter (where state = 'allocated'), count(*) filter (where state = 'disabled'),
           count(*) filter (where state = 'quarantined')
    from judged";

/// Codes that two hand-outs have at once.
const SHARED: &str = "
    select count(*) from (
        select l.code from ledger l
        left join hold h using (list_id, file_id, ordinal, turn)
        where coalesce(h.held_until > clock_timestamp(), true)
          and not exists (select from event e where e.list_id = l.list_id and e.file_id = l.file_id
                          and e.ordinal = l.ordinal and e.turn = l.turn and e.kind in ('RELEASED', 'DISABLED'))
        group by l.code having count(*) > 1
    ) c";

/// The ranges of disabled codes that allocation jumps over are those of the codes that nobody ever had.
const WRONG_RANGES: &str = "
    with said as (
        select r.file_id, n as ordinal from disabled_run r, generate_series(r.first, r.last) n
    ), meant as (
        select d.file_id, d.ordinal from disabled d
        where not exists (select from ledger l where l.list_id = d.list_id and l.file_id = d.file_id
                          and l.ordinal = d.ordinal)
    )
    select (select count(*) from (table said except table meant) a) + (select count(*) from (table meant except table said) b)
         + (select count(*) from disabled_run r join disabled_run s using (list_id, file_id) where s.first = r.last + 1)";

/// Gates that say something else than the tables.
const WRONG_GATES: &str = "select count(*) from wrong_gates()";

impl Course {
    pub(crate) async fn check(&mut self, what: &str) {
        let stock = self.database.stock().await;
        let row = sqlx::query(RECOUNT).fetch_one(&mut self.watcher).await.unwrap();
        let recounted: Vec<i64> = (0..5).map(|n| row.get(n)).collect();
        let told = [
            stock.available,
            stock.held,
            stock.allocated,
            stock.disabled,
            stock.quarantined,
        ];
        assert_eq!(
            told[..],
            recounted[..],
            "after {what}: available, held, allocated, disabled, quarantined"
        );
        let shared: i64 = sqlx::query_scalar(SHARED)
            .fetch_one(&mut self.watcher)
            .await
            .unwrap();
        assert_eq!(shared, 0, "after {what}: codes with two owners");
        let wrong: i64 = sqlx::query_scalar(WRONG_RANGES)
            .fetch_one(&mut self.watcher)
            .await
            .unwrap();
        assert_eq!(wrong, 0, "after {what}: ranges of disabled codes");
        let wrong: i64 = sqlx::query_scalar(WRONG_GATES)
            .fetch_one(&mut self.watcher)
            .await
            .unwrap();
        assert_eq!(wrong, 0, "after {what}: what the gate knows");
    }

    /// A key has the code it got, or has none any more.
    pub(crate) async fn check_keys(&self) {
        let users: Vec<&str> = self.codes.keys().map(String::as_str).collect();
        let outcomes = self.database.allocate(&users).await;
        for (user, outcome) in users.into_iter().zip(outcomes) {
            match outcome {
                AllocationOutcome::Repeat(allocation) => assert_eq!(allocation.code, self.codes[user]),
                AllocationOutcome::Released => {}
                other => panic!("{user}: {other:?}"),
            }
        }
    }
}

async fn run(seed: u64) {
    let mut course = Course::new(seed).await;
    for step in 0..150 {
        let what = course.step().await;
        course.check(&format!("step {step} of seed {seed}, {what}")).await;
    }
    course.check_keys().await;
}

#[tokio::test]
async fn any_course_of_calls_keeps_the_numbers_true_and_every_code_with_one_key() {
    futures_util::future::join_all((1..=4).map(run)).await;
}

#[tokio::test]
async fn disabling_a_free_code_of_a_file_that_is_gone_changes_no_number_however_often() {
    let database = TestDatabase::new().await;
    database.load(&["a1", "a2", "a3"], 10).await;
    let file = database.number("select file_id from coupon_file").await;
    let disable = async |ordinal, code: &str| {
        let place = CodePlace::new(file, ordinal);
        database
            .storage
            .disable(&database.list, place, code)
            .await
            .unwrap()
    };
    assert_eq!(disable(0, "a1").await, DisableOutcome::Disabled);
    assert_eq!(database.codes(&["u1"]).await, ["a2"]);
    database.storage.archive_list(&database.list).await.unwrap();
    let before = database.stock().await;
    assert_eq!((before.total, before.allocated), (1, 1));
    for _ in 0..5 {
        assert_eq!(disable(0, "a1").await, DisableOutcome::Disabled);
        assert_eq!(database.stock().await, before);
    }
}
