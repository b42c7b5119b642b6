//! A database of its own for each test, with a list in it.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    AlertConditions, AllocationStatus, CodesPerBlock, ExternalId, FreeText, Label, Name, Subscribers,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use storage::{
    AddFile, AfterPromotion, Allocation, AllocationOutcome, AllocationRequest, Allocator,
    AuthenticationError, Block, FileSource, FileToLoad, Job, JobKind, ListRef, LoadCounts, NewFile, NewList,
    Outage, PublishFileOutcome, Route, Settings, Shortage, Stock, Storage, Upload, Workspace,
};

pub(crate) const LEASE: Duration = Duration::from_mins(1);

pub(crate) struct TestDatabase {
    pub(crate) storage: Storage,
    pub(crate) allocator: Allocator,
    pub(crate) workspace: Workspace,
    pub(crate) list: Arc<ListRef>,
    pub(crate) url: SecretString,
}

impl TestDatabase {
    pub(crate) async fn new() -> Self {
        Self::open(empty_database().await).await
    }

    pub(crate) async fn open(url: SecretString) -> Self {
        storage::migrate(&url).await.unwrap();
        let storage = Storage::connect(&settings(&url)).unwrap();
        let (id, key) = storage
            .create_workspace("test", None, None)
            .await
            .unwrap()
            .unwrap();
        let workspace = storage
            .authenticate(&id, &key, || Ok::<_, AuthenticationError>(()))
            .await
            .unwrap()
            .unwrap();
        let allocator = Allocator::new(&settings(&url), AfterPromotion::Pause).unwrap();
        let list = make_list(&storage, &workspace, "list").await;
        Self {
            storage,
            allocator,
            workspace,
            list,
            url,
        }
    }

    /// Another list of the same database.
    pub(crate) async fn another_list(&self, name: &str) -> Self {
        Self {
            storage: self.storage.clone(),
            allocator: self.allocator.clone(),
            workspace: self.workspace.clone(),
            list: make_list(&self.storage, &self.workspace, name).await,
            url: self.url.clone(),
        }
    }

    /// As if of another process.
    pub(crate) fn another_allocator(&self) -> Allocator {
        Allocator::new(&settings(&self.url), AfterPromotion::Pause).unwrap()
    }

    /// The same database, where no hand-out may take longer than this.
    pub(crate) fn hurried_allocator(&self, statement_timeout: Duration) -> Allocator {
        let settings = Settings {
            statement_timeout,
            ..settings(&self.url)
        };
        Allocator::new(&settings, AfterPromotion::Pause).unwrap()
    }

    /// The same database, where no statement may take longer than this.
    pub(crate) fn hurried_storage(&self, statement_timeout: Duration) -> Storage {
        let settings = Settings {
            statement_timeout,
            ..settings(&self.url)
        };
        Storage::connect(&settings).unwrap()
    }

    /// Loads a file of these codes, `per_block` to a block, in the order given: what orders a real file is the
    /// ingestion's business.
    pub(crate) async fn load(&self, codes: &[&str], per_block: u32) -> FileToLoad {
        let file = self.claim_load("codes.csv").await;
        assert_eq!(
            self.publish(&file, codes, per_block).await,
            PublishFileOutcome::Published
        );
        file
    }

    pub(crate) async fn claim_load(&self, name: &str) -> FileToLoad {
        self.add_file(name).await;
        match self
            .storage
            .claim_job(JobKind::LoadFile, 100, LEASE)
            .await
            .unwrap()
        {
            Some(Job::LoadFile(file)) => *file,
            other => panic!("claimed {other:?}"),
        }
    }

    pub(crate) async fn add_file(&self, name: &str) -> AddFile {
        let file = NewFile {
            name: FreeText::new(name).unwrap(),
            // A file that was sent has nothing to be fetched: its job is a load from the beginning.
            source: FileSource::Sent(Upload::begin(&self.list)),
            created_by: FreeText::default(),
            callback_url: None,
            dry_run: false,
        };
        self.storage.add_file(&self.list, &file, None).await.unwrap()
    }

    pub(crate) async fn publish(
        &self,
        file: &FileToLoad,
        codes: &[&str],
        per_block: u32,
    ) -> PublishFileOutcome {
        let per_block = CodesPerBlock::new(NonZeroU32::new(per_block).unwrap());
        self.storage
            .write_blocks(file, blocks(codes, per_block, file))
            .await
            .unwrap();
        let counts = LoadCounts::default();
        self.storage
            .publish(file, codes.len() as u64, per_block, &counts, domain::LIST_CODES)
            .await
            .unwrap()
    }

    /// What each of these users gets, in one call.
    pub(crate) async fn allocate(&self, users: &[&str]) -> Vec<AllocationOutcome> {
        self.allocator
            .allocate(
                &self.list,
                users.iter().map(|user| request(user)).collect(),
                Shortage::Partial,
            )
            .await
            .unwrap()
    }

    /// The new codes that these users get.
    pub(crate) async fn codes(&self, users: &[&str]) -> Vec<String> {
        self.allocate(users)
            .await
            .into_iter()
            .map(|outcome| new(outcome).code)
            .collect()
    }

    /// The stock; its parts must add up at any time.
    pub(crate) async fn stock(&self) -> Stock {
        let stock = self.storage.stock(&self.list).await.unwrap();
        let sum = stock.available + stock.held + stock.allocated + stock.disabled + stock.quarantined;
        assert_eq!(stock.total, sum, "{stock:?}");
        stock
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = self.url.expose_secret().parse().unwrap();
        PgConnection::connect_with(&options).await.unwrap()
    }

    /// One number, straight from the database.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.connect().await)
            .await
            .unwrap()
    }

    /// The list's own number.
    pub(crate) async fn list_id(&self) -> i64 {
        sqlx::query_scalar("select list_id from coupon_list where public_id = decode($1, 'hex')")
            .bind(self.list.public_id.to_string())
            .fetch_one(&mut self.connect().await)
            .await
            .unwrap()
    }

    /// A session that has begun a transaction with these statements, and keeps what they locked or saw.
    pub(crate) async fn in_transaction(&self, sql: &'static str) -> PgConnection {
        let mut connection = self.connect().await;
        sqlx::raw_sql("begin").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection
    }

    pub(crate) async fn run(&self, sql: impl Into<String>) {
        sqlx::raw_sql(AssertSqlSafe(sql.into()))
            .execute(&mut self.connect().await)
            .await
            .unwrap();
    }

    /// Waits until so many sessions of this database wait for a lock.
    pub(crate) async fn until_waiting_for_a_lock(&self, sessions: i64) {
        self.until_waiting_for_a_lock_or(sessions, || false).await;
    }

    /// The same, or until something else has come true.
    pub(crate) async fn until_waiting_for_a_lock_or(&self, sessions: i64, enough: impl Fn() -> bool) {
        let mut connection = self.connect().await;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            assert!(Instant::now() < deadline, "nobody waits for a lock");
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            if waiting >= sessions || enough() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn make_list(storage: &Storage, workspace: &Workspace, name: &str) -> Arc<ListRef> {
    let list = NewList {
        name: Name::new(name).unwrap(),
        label: Label::new(name).unwrap(),
        expires_at: "2999-12-31T00:00:00Z".parse::<Timestamp>().unwrap(),
        created_by: Name::new("test").unwrap(),
        subscribers: Subscribers::default(),
        alerts: AlertConditions::default(),
    };
    let storage::CreateList::Created(id) = storage.create_list(workspace, &list, None, None).await.unwrap()
    else {
        panic!("not created");
    };
    storage.find_list(workspace, id).await.unwrap().unwrap()
}

/// The URL of a database with nothing in it.
pub(crate) async fn empty_database() -> SecretString {
    let server: PgConnectOptions = std::env::var("COUPONRY_TEST_DATABASE_URL")
        .expect("COUPONRY_TEST_DATABASE_URL is not set: run the tests with `make test`")
        .parse()
        .unwrap();
    let name = format!("storage_{:032x}", rand::random::<u128>());
    let mut connection = PgConnection::connect_with(&server).await.unwrap();
    // The throw-away server goes with all its databases, so none is dropped here.
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut connection)
        .await
        .unwrap();
    let socket = server.get_socket().expect("a unix socket").display().to_string();
    let url = format!("postgres:///{name}?host={socket}&user={}", server.get_username());
    SecretString::from(url)
}

pub(crate) fn settings(url: &SecretString) -> Settings {
    Settings {
        url: url.clone(),
        connections: 4,
        statement_timeout: Duration::from_secs(10),
        name: "tests".into(),
        acquire_timeout: Duration::from_secs(10),
        outage: Outage::default(),
        route: Route::default(),
    }
}

fn blocks(codes: &[&str], per_block: CodesPerBlock, file: &FileToLoad) -> impl Iterator<Item = Block> + Send {
    let cut = codes
        .chunks(per_block.get() as usize)
        .map(<[&str]>::to_vec)
        .collect::<Vec<_>>();
    let key = file.key;
    cut.into_iter().zip(0..).map(move |(codes, number)| Block {
        number,
        first_fingerprint: key.fingerprint(codes[0].as_bytes()),
        codes: codes.join("\n").into_bytes(),
    })
}

pub(crate) fn user(id: &str) -> ExternalId {
    ExternalId::new(id).unwrap()
}

pub(crate) fn request(id: &str) -> AllocationRequest {
    AllocationRequest {
        user_id: user(id),
        request_id: None,
        campaign: None,
        hold_seconds: None,
    }
}

pub(crate) fn new(outcome: AllocationOutcome) -> Allocation {
    match outcome {
        AllocationOutcome::New(allocation) => {
            assert!(matches!(
                allocation.status,
                AllocationStatus::Allocated | AllocationStatus::Held
            ));
            allocation
        }
        other => panic!("not new: {other:?}"),
    }
}
