//! A random course of calls about one list.

use std::collections::{BTreeMap, BTreeSet};

use domain::Position;
use futures_util::future::join3;
use sqlx::PgConnection;
use storage::{AllocationOutcome, AllocationRequest, CodePlace, DisableOutcome, Page, Shortage};

use crate::database::{TestDatabase, request};

/// Files that were stopped, are gone, or are of a list that is over.
const CLOSED_FILES: &str = "
    select f.file_id from coupon_file f join coupon_list c using (list_id)
    where f.quarantined_at is not null or f.sealed_at is not null or c.status <> 'ACTIVE' or c.expires_at <= clock_timestamp()";

/// Numbers that are the same for the same seed, whatever the version of a library.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }
}

/// A list and what should be true of it.
pub(crate) struct Course {
    pub(crate) database: TestDatabase,
    /// Lists that are asked beside it, so that calls are for several: each for a key that has its only code.
    beside: [TestDatabase; 2],
    pub(crate) watcher: PgConnection,
    pub(crate) chance: Chance,
    /// Each with how many codes it brought.
    files: Vec<(i64, i64)>,
    pub(crate) given: Vec<Position>,
    pub(crate) users: usize,
    pub(crate) codes: BTreeMap<String, String>,
    pub(crate) never: BTreeSet<String>,
    disabled: Option<CodePlace>,
}

async fn list_beside(database: &TestDatabase, name: &str) -> TestDatabase {
    let list = database.another_list(name).await;
    list.load(&[name], 1).await;
    list.codes(&["nobody"]).await;
    list
}

impl Course {
    pub(crate) async fn new(seed: u64) -> Self {
        let database = TestDatabase::new().await;
        let beside = [
            list_beside(&database, "one").await,
            list_beside(&database, "two").await,
        ];
        Self {
            watcher: database.connect().await,
            database,
            beside,
            chance: Chance(seed),
            files: Vec::new(),
            given: Vec::new(),
            users: 0,
            codes: BTreeMap::new(),
            never: BTreeSet::new(),
            disabled: None,
        }
    }

    pub(crate) async fn step(&mut self) -> &'static str {
        match self.chance.below(33) {
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
            31 => {
                self.database.storage.tidy_gates().await.unwrap();
                "tidy"
            }
            _ => self.activate().await,
        }
    }

    pub(crate) async fn load(&mut self) -> &'static str {
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
        let codes: Vec<String> = (0..=self.chance.below(12))
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
        let requests: Vec<AllocationRequest> = (0..=self.chance.below(4))
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
        let closed = sqlx::query_scalar(CLOSED_FILES).fetch_all(&mut self.watcher);
        let closed: Vec<i64> = closed.await.unwrap();
        // The first is a call of its own; the others, which come meanwhile, are one call.
        let [first, last] = self.beside.each_ref().map(|beside| beside.allocate(&["nobody"]));
        let allocator = &self.database.allocator;
        let outcomes = allocator.allocate(&self.database.list, requests, shortage);
        let (_, outcomes, _) = join3(first, outcomes, last).await;
        for (user, outcome) in users.into_iter().zip(outcomes.unwrap()) {
            if let AllocationOutcome::New(allocation) = outcome {
                assert!(
                    !closed.contains(&allocation.position.file_id),
                    "{} is of a file that hands out nothing",
                    allocation.code
                );
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
    pub(crate) fn any_code(&mut self) -> Option<(CodePlace, String)> {
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
                if disabled.unwrap() == DisableOutcome::Disabled {
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
            .run(
                "update coupon_list set expires_at = clock_timestamp();
                 select note_at_gate(list_id) from coupon_list",
            )
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
}
