//! Whoever is dropped while a statement is under way leaves nothing on the connection for the next statement.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use futures_util::{TryStreamExt as _, future::LocalBoxFuture};
use sqlx::Connection as _;
use storage::{
    CodePlace, FileToLoad, HandOutFilter, JobKind, ListQuery, Outage, Page, Result, Route, Settings, Stage,
    Storage, Upload,
};

use crate::database::{LEASE, TestDatabase};

/// A database with codes in it, and a storage whose pool has one connection.
struct Used {
    database: TestDatabase,
    storage: Storage,
    /// A load that compares itself with the other files.
    file: FileToLoad,
    upload: Upload,
}

impl Used {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let codes: Vec<String> = (0..6_000).map(|n| format!("code-{n:06}")).collect();
        for half in codes.chunks(3_000) {
            let half: Vec<&str> = half.iter().map(String::as_str).collect();
            database.load(&half, 100).await;
        }
        database.codes(&["u1", "u2", "u3"]).await;
        let file = database.claim_load("third.csv").await;
        let mut upload = Upload::begin(&database.list);
        database
            .storage
            .keep_piece(&mut upload, b"Coupon Code\nA\n")
            .await
            .unwrap();
        let storage = Storage::connect(&Settings {
            url: database.url.clone(),
            connections: 1,
            statement_timeout: Duration::from_secs(10),
            name: "tests".into(),
            acquire_timeout: Duration::from_secs(10),
            outage: Outage::default(),
            route: Route::default(),
        });
        Self {
            database,
            storage: storage.unwrap(),
            file,
            upload,
        }
    }

    /// Each statement that reads, once, on the pool of one connection.
    async fn facts(&self) -> Vec<String> {
        let (storage, list, workspace) = (&self.storage, &self.database.list, &self.database.workspace);
        let runs = storage.earlier_runs(&self.file).await.unwrap();
        let blocks = Arc::new(Mutex::new(Vec::new()));
        let on_block = |run, codes: &[u8]| blocks.lock().unwrap().push((run, codes.to_vec()));
        storage.stream_runs(&self.file, &runs, on_block).await.unwrap();
        let code = "code-000007";
        let asked = [(list.key.fingerprint(code.as_bytes()), code)];
        let all = HandOutFilter::default();
        let mut export = storage.export_codes(list).await.unwrap();
        let mut exported = Vec::new();
        while let Some(piece) = export.next().await.unwrap() {
            exported.extend(piece);
        }
        let pieces: Vec<_> = storage.pieces(self.upload).try_collect().await.unwrap();
        let ledger = storage.ledger_page(list, &all, None, 10).await.unwrap().unwrap();
        vec![
            format!("{runs:?}"),
            format!("{:?}", blocks.lock().unwrap()),
            format!(
                "{:?}",
                storage.present_in_runs(&self.file, &runs, &asked).await.unwrap()
            ),
            format!("{:?}", storage.stock(list).await.unwrap()),
            format!("{:?}", storage.files(list, Page::default()).await.unwrap().len()),
            format!("{:?}", storage.list(list).await.unwrap().available),
            format!(
                "{:?}",
                storage
                    .lists(workspace, &ListQuery::default())
                    .await
                    .unwrap()
                    .len()
            ),
            format!("{:?}", storage.is_active(list).await.unwrap()),
            format!(
                "{:?}",
                storage
                    .passport(list, place())
                    .await
                    .unwrap()
                    .map(|passport| passport.status)
            ),
            format!(
                "{:?}",
                ledger
                    .hand_outs
                    .iter()
                    .map(|row| &row.user_id)
                    .collect::<Vec<_>>()
            ),
            format!("{exported:?} {pieces:?}"),
            format!("{:?}", storage.link_key(list).await.is_ok()),
        ]
    }

    /// Calls of every kind: of one row, of many, of several statements, that change something, and by COPY.
    fn calls(&self) -> Vec<(&'static str, Call<'_>)> {
        let (storage, list, workspace) = (&self.storage, &self.database.list, &self.database.workspace);
        vec![
            ("stock", call(move || storage.stock(list))),
            ("files", call(move || storage.files(list, Page::default()))),
            (
                "lists",
                call(move || async move { storage.lists(workspace, &ListQuery::default()).await }),
            ),
            ("earlier runs", call(move || storage.earlier_runs(&self.file))),
            (
                "claim",
                call(move || storage.claim_job(JobKind::SendMail, 100, LEASE)),
            ),
            (
                "lease",
                call(move || storage.prolong_lease(self.file.claim, LEASE)),
            ),
            (
                "progress",
                call(move || {
                    storage.report_progress(self.file.claim, self.file.file, Stage::Storing, 1, None)
                }),
            ),
            ("rescue", call(move || storage.rescue_jobs())),
            ("passport", call(move || storage.passport(list, place()))),
            (
                "pieces",
                call(move || storage.pieces(self.upload).try_collect::<Vec<_>>()),
            ),
            ("export", call(move || storage.export_codes(list))),
            ("watch", call(move || storage.watch_stocks())),
            ("runs", call(move || self.stream())),
            ("forget", call(move || storage.forget_old_jobs())),
        ]
    }

    async fn stream(&self) -> Result<()> {
        let runs = self.storage.earlier_runs(&self.file).await?;
        self.storage.stream_runs(&self.file, &runs, |_, _| {}).await
    }
}

type Call<'u> = Box<dyn Fn() -> LocalBoxFuture<'u, Result<()>> + 'u>;

fn call<'u, T, F: Future<Output = Result<T>> + 'u>(begin: impl Fn() -> F + 'u) -> Call<'u> {
    Box::new(move || {
        let begun = begin();
        Box::pin(async move { begun.await.map(drop) })
    })
}

fn place() -> CodePlace {
    CodePlace::new(1, 0)
}

/// Drops the future where it waits for the n-th time; false if it came to its end before.
async fn dropped_at_wait(number: usize, future: impl Future) -> bool {
    let mut future = Box::pin(future);
    let mut waits = 0;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending => {
            waits += 1;
            if waits == number {
                Poll::Ready(true)
            } else {
                Poll::Pending
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_call_that_is_dropped_at_any_await_changes_no_other_calls_answer() {
    let used = Used::new().await;
    let facts = used.facts().await;
    for (name, call) in used.calls() {
        // A machine may be so busy that an answer is there before it is waited for; so each call is stopped below too.
        let mut waits = 1;
        while dropped_at_wait(waits, call()).await {
            assert_eq!(used.facts().await, facts, "{name}, dropped at its await {waits}");
            waits += 1;
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_while_its_statement_runs_changes_no_other_calls_answer() {
    let used = Used::new().await;
    let facts = used.facts().await;
    for (name, call) in used.calls() {
        let mut session = used.database.connect().await;
        sqlx::raw_sql("begin; lock table coupon_list, coupon_file, job, ledger, block, upload_piece in access exclusive mode")
            .execute(&mut session)
            .await
            .unwrap();
        tokio::select! {
            ended = call() => panic!("{name} ended although nobody may read: {ended:?}"),
            () = used.database.until_waiting_for_a_lock(1) => {}
        }
        session.close().await.unwrap();
        assert_eq!(used.facts().await, facts, "{name}");
    }
}

#[tokio::test]
async fn runs_that_nobody_reads_to_their_end_change_no_other_calls_answer() {
    let used = Used::new().await;
    let facts = used.facts().await;
    for round in 0..3 {
        let mut session = used.database.connect().await;
        sqlx::raw_sql("begin; lock table block in access exclusive mode")
            .execute(&mut session)
            .await
            .unwrap();
        tokio::select! {
            ended = used.stream() => panic!("the blocks were read although nobody may: {ended:?}"),
            () = used.database.until_waiting_for_a_lock(1) => {}
        }
        session.close().await.unwrap();
        for _ in 0..2 {
            assert_eq!(used.facts().await, facts, "round {round}");
        }
    }
}
