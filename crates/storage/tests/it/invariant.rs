//! Whatever is done to a list in whatever order, its numbers are what a full recount says, nothing fails, and no code
//! has two owners.

use std::collections::{BTreeMap, BTreeSet};

use domain::Position;
use sqlx::{PgConnection, Row as _};
use storage::{AllocationOutcome, AllocationRequest, CodePlace, Disabled, Page, Shortage};

use crate::database::{TestDatabase, request};

/// Every code of every file, judged by itself from the ledger, its events, holds and disabled codes.
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
        where f.status = 'SUCCESS'
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

/// Numbers that are the same for the same seed, whatever the version of a library.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }
}

/// A list and what should be true of it.
struct Course {
    database: TestDatabase,
    watcher: PgConnection,
    chance: Chance,
    /// Each with how many codes it brought.
    files: Vec<(i64, i64)>,
    given: Vec<Position>,
    users: usize,
    codes: BTreeMap<String, String>,
    never: BTreeSet<String>,
    disabled: Option<CodePlace>,
}

impl Course {
    async fn new(seed: u64) -> Self {
        let database = TestDatabase::new().await;
        Self {
            watcher: database.connect().await,
            database,
            chance: Chance(seed),
            files: Vec::new(),
            given: Vec::new(),
            users: 0,
            codes: BTreeMap::new(),
            never: BTreeSet::new(),
            disabled: None,
        }
    }

    async fn step(&mut self) -> &'static str {
        match self.chance.below(32) {
            0..=2 => self.load().await,
            3..=9 => self.allocate().await,
            10 | 11 => self.confirm().await,
            12..=14 => self.release().await,
            15 | 16 => self.redeem().await,
            17..=21 => self.disable().await,
            22 | 23 => self.quarantine().await,
            24 => self.delete_file().await,
            25 | 26 => self.run_out().await,
            27 => {
                self.database.storage.sweep_holds().await.unwrap();
                "sweep"
            }
            28 => {
                let list = self.database.list_id().await;
                self.database.storage.purge_list(list).await.unwrap();
                "purge"
            }
            29 => self.archive().await,
            30 => self.expire().await,
            _ => self.activate().await,
        }
    }

    async fn load(&mut self) -> &'static str {
        if !self
            .database
            .storage
            .is_active(&self.database.list)
            .await
            .unwrap()
        {
            return self.activate().await;
        }
        let number = self.files.len();
        let codes: Vec<String> = (0..1 + self.chance.below(12))
            .map(|n| format!("f{number}-{n}"))
            .collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let per_block = 1 + u32::try_from(self.chance.below(4)).unwrap();
        self.database.load(&codes, per_block).await;
        let file_id = self.database.number("select max(file_id) from coupon_file").await;
        self.files.push((file_id, i64::try_from(codes.len()).unwrap()));
        "load"
    }

    async fn allocate(&mut self) -> &'static str {
        let requests: Vec<AllocationRequest> = (0..1 + self.chance.below(4))
            .map(|_| {
                self.users += 1;
                AllocationRequest {
                    hold_seconds: (self.chance.below(2) == 0).then_some(3600),
                    ..request(&format!("u{}", self.users))
                }
            })
            .collect();
        let shortage = if self.chance.below(3) == 0 {
            Shortage::Reject
        } else {
            Shortage::Partial
        };
        let users: Vec<String> = requests
            .iter()
            .map(|request| request.user_id.as_str().to_owned())
            .collect();
        let outcomes = self
            .database
            .allocator
            .allocate(&self.database.list, requests, shortage)
            .await;
        for (user, outcome) in users.into_iter().zip(outcomes.unwrap()) {
            if let AllocationOutcome::New(allocation) = outcome {
                assert!(
                    !self.never.contains(&allocation.code),
                    "{} was disabled",
                    allocation.code
                );
                self.given.push(allocation.position);
                self.codes.insert(user, allocation.code);
            }
        }
        "allocate"
    }

    /// Some of what was handed out.
    fn some(&mut self) -> Vec<Position> {
        let number = if self.given.is_empty() {
            0
        } else {
            1 + self.chance.below(3)
        };
        (0..number)
            .map(|_| self.given[self.chance.below(self.given.len())])
            .collect()
    }

    /// Any code of any file, there or not.
    fn any_code(&mut self) -> Option<(CodePlace, String)> {
        if self.files.is_empty() {
            return None;
        }
        // Half of the time the newest: most others are gone.
        let some = self.chance.below(self.files.len());
        let number = if self.chance.below(2) == 0 {
            self.files.len() - 1
        } else {
            some
        };
        let (file_id, codes) = self.files[number];
        let ordinal = self.chance.below(usize::try_from(codes).unwrap());
        let place = CodePlace::new(file_id, i64::try_from(ordinal).unwrap());
        Some((place, format!("f{number}-{ordinal}")))
    }

    async fn confirm(&mut self) -> &'static str {
        let some = self.some();
        self.database
            .storage
            .confirm(&self.database.list, &some)
            .await
            .unwrap();
        "confirm"
    }

    async fn release(&mut self) -> &'static str {
        let some = self.some();
        self.database
            .storage
            .release(&self.database.list, &some)
            .await
            .unwrap();
        "release"
    }

    async fn redeem(&mut self) -> &'static str {
        if let Some((place, _)) = self.any_code() {
            let redeemed = self
                .database
                .storage
                .redeem(&self.database.list, place, None, None);
            redeemed.await.unwrap();
        }
        "redeem"
    }

    async fn disable(&mut self) -> &'static str {
        // One that was disabled before, more often than by chance.
        let again = (self.chance.below(2) == 0).then_some(self.disabled).flatten();
        let any = self.any_code();
        if let Some((place, code)) = again.map(|place| (place, String::new())).or(any) {
            for _ in 0..2 {
                let disabled = self
                    .database
                    .storage
                    .disable(&self.database.list, place, &code)
                    .await;
                if disabled.unwrap() == Disabled::Disabled {
                    self.never.insert(code.clone());
                    self.disabled = Some(place);
                }
            }
        }
        "disable"
    }

    async fn quarantine(&mut self) -> &'static str {
        let storage = &self.database.storage;
        let files = storage.files(&self.database.list, Page::default()).await.unwrap();
        if !files.is_empty() {
            let id = files[self.chance.below(files.len())].public_id;
            let stop = self.chance.below(2) == 0;
            assert!(
                storage
                    .quarantine_file(&self.database.list, id, stop)
                    .await
                    .unwrap()
            );
        }
        "quarantine"
    }

    async fn delete_file(&mut self) -> &'static str {
        let storage = &self.database.storage;
        let files = storage.files(&self.database.list, Page::default()).await.unwrap();
        if !files.is_empty() {
            let id = files[self.chance.below(files.len())].public_id;
            assert!(storage.delete_file(&self.database.list, id).await.unwrap());
        }
        "delete file"
    }

    async fn run_out(&mut self) -> &'static str {
        self.database
            .run("update hold set held_until = clock_timestamp() where ordinal % 2 = (select count(*) from hold) % 2")
            .await;
        "run out"
    }

    async fn archive(&mut self) -> &'static str {
        self.database
            .storage
            .archive_list(&self.database.list)
            .await
            .unwrap();
        "archive"
    }

    async fn expire(&mut self) -> &'static str {
        self.database
            .run("update coupon_list set expires_at = clock_timestamp()")
            .await;
        if self.chance.below(2) == 0 {
            self.database.storage.expire_due_lists().await.unwrap();
        }
        "expire"
    }

    async fn activate(&mut self) -> &'static str {
        let later = "2999-01-01T00:00:00Z".parse().unwrap();
        self.database
            .storage
            .activate_list(&self.database.list, later)
            .await
            .unwrap();
        "activate"
    }

    async fn check(&mut self, what: &str) {
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
    }

    /// A key has the code it got, or has none any more.
    async fn check_keys(&self) {
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
    assert_eq!(disable(0, "a1").await, Disabled::Disabled);
    assert_eq!(database.codes(&["u1"]).await, ["a2"]);
    database.storage.archive_list(&database.list).await.unwrap();
    let before = database.stock().await;
    assert_eq!((before.total, before.allocated), (1, 1));
    for _ in 0..5 {
        assert_eq!(disable(0, "a1").await, Disabled::Disabled);
        assert_eq!(database.stock().await, before);
    }
}
