//! One test's couponry: a database of its own and the real server on it.

use std::{ops::Deref, process::ExitStatus};

use serde_json::Value;

use super::{
    Client, Credentials, Database, FileHost, Output, Server, backstage, csv,
    server::{Environment, program},
    until, wait_for,
};

pub(crate) const WORKSPACE: &str = "ws-of-the-tests";
pub(crate) const API_KEY: &str = "key-3f1c9a77-of-the-tests";

/// Reached through its server's [`Client`]. When it goes, no job may be left behind, and the database goes too.
pub(crate) struct TestApp {
    pub(crate) database: Database,
    environment: Environment,
    output: Output,
    server: Server,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Environment)) -> Self {
        let database = Database::create().await;
        let mut environment: Environment = [
            ("DATABASE_URL", database.url().as_str()),
            ("COUPONRY_LISTEN", "127.0.0.1:0"),
            ("COUPONRY_BOOTSTRAP_WORKSPACE_ID", WORKSPACE),
            ("COUPONRY_BOOTSTRAP_API_KEY", API_KEY),
            ("COUPONRY_OUTBOUND_ALLOW", "127.0.0.0/8"),
            ("COUPONRY_JOB_LEASE_SECONDS", "2"),
            // Tests upload more than five files a minute; those about the limits switch them on.
            ("COUPONRY_RATE_LIMITS", "off"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        change(&mut environment);
        let output = Output::default();
        let server = Server::start(&environment, &output).await;
        Self {
            database,
            environment,
            output,
            server,
        }
    }

    /// Waits for a line of the log that has all of these.
    pub(crate) async fn logs(&self, texts: &[&str]) {
        wait_for(&format!("a log line with {texts:?}"), async || {
            let lines = self.output.log_lines();
            let has_all = |line: &&String| texts.iter().all(|text| line.contains(text));
            lines.iter().find(has_all).map(|_| ())
        })
        .await;
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// `kill -9` of the server.
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the server again, on the same database; where it listens has changed.
    pub(crate) async fn restart(&mut self) {
        self.server = Server::start(&self.environment, &self.output).await;
    }

    /// A second server on the same database.
    pub(crate) async fn another_server(&self) -> Server {
        self.another_server_with(|_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn another_server_with(&self, change: impl FnOnce(&mut Environment)) -> Server {
        let mut environment = self.environment.clone();
        change(&mut environment);
        Server::start(&environment, &self.output).await
    }

    /// What the server has in memory, in KiB, from where its peak is counted anew.
    pub(crate) fn memory(&self) -> u64 {
        self.server.memory()
    }

    /// The most it had in memory since then, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.server.peak_memory()
    }

    /// SIGTERM: readiness goes first, then the server ends by itself.
    pub(crate) fn terminate(&self) {
        self.server.terminate();
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.server.ended().await
    }

    /// A command of the program on this test's database, to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        program(&self.environment).args(arguments).output().unwrap()
    }

    /// The same with other settings.
    pub(crate) fn command_with(
        &self,
        arguments: &[&str],
        change: impl FnOnce(&mut Environment),
    ) -> std::process::Output {
        let mut environment = self.environment.clone();
        change(&mut environment);
        program(&environment).args(arguments).output().unwrap()
    }

    /// Makes a workspace by the command line.
    pub(crate) fn create_workspace(&self, arguments: &[&str]) -> Client {
        let output = self.command(&[&["workspace", "create"], arguments].concat());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let made: Value = serde_json::from_slice(&output.stdout).unwrap();
        self.with_credentials(Credentials::new(
            made["workspace_id"].as_str().unwrap(),
            made["api_key"].as_str().unwrap(),
        ))
    }

    /// A list into which these codes were loaded.
    pub(crate) async fn list_with<T: AsRef<str>>(&self, codes: &[T]) -> String {
        let list = self.create_list().await;
        self.load_codes(&list, codes).await;
        list
    }

    /// Loads these codes; the file's id.
    pub(crate) async fn load_codes<T: AsRef<str>>(&self, list: &str, codes: &[T]) -> String {
        let host = FileHost::start().await;
        let file = self.load(list, &host.serve("/codes.csv", csv(codes))).await;
        assert_eq!(file["status"], "SUCCESS", "{file}");
        file["_id"].as_str().unwrap().to_owned()
    }

    /// Lets the list's expiry come now, and waits until it has.
    pub(crate) async fn expire(&self, list: &str) {
        let soon = self.database.instant_in(800).await;
        self.patch(
            &format!("/coupon-list/{list}"),
            &serde_json::json!({"expires_at": soon}),
        )
        .await
        .expect(200);
        until("the list to expire", async || {
            self.list(list).await["status"] == "EXPIRED"
        })
        .await;
    }

    /// Removes the mails that wait for a relay that will not come, once what they tell has happened.
    pub(crate) async fn forget_mails(&self) {
        let mut session = self.database.connect().await;
        until("the other jobs to be done", async || {
            let busy: bool = sqlx::query_scalar(
                "select exists (select from job where kind <> 'send_mail' and state in ('ready', 'running'))",
            )
            .fetch_one(&mut session)
            .await
            .unwrap();
            !busy
        })
        .await;
        sqlx::query("delete from job where kind = 'send_mail'")
            .execute(&mut session)
            .await
            .unwrap();
    }

    /// Waits for every mail to be sent or given up, and forgets the latter: why they were.
    pub(crate) async fn mails_given_up(&self) -> Vec<String> {
        let mut session = self.database.connect().await;
        until("the mails to be sent or given up", async || {
            let under_way: bool =
                sqlx::query_scalar("select exists (select from job where state in ('ready', 'running'))")
                    .fetch_one(&mut session)
                    .await
                    .unwrap();
            !under_way
        })
        .await;
        sqlx::query_scalar("delete from job where kind in ('send_mail', 'send_invitation') and state = 'dead' returning last_error")
            .fetch_all(&mut session)
            .await
            .unwrap()
    }

    /// Waits until the background work that the test caused is done.
    pub(crate) async fn jobs_done(&self) {
        let left = self.database.clone().jobs_left_behind().await;
        assert!(left.is_empty(), "jobs were left behind: {left:?}");
    }
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let (jobs_left, wrong_gates) = if failed {
            (Vec::new(), Vec::new())
        } else {
            (
                backstage::block_on(self.database.clone().jobs_left_behind()).unwrap(),
                backstage::block_on(self.database.clone().wrong_gates()).unwrap(),
            )
        };
        if failed || !jobs_left.is_empty() {
            let log = self.output.log_lines();
            let last = log.get(log.len().saturating_sub(40)..).unwrap_or_default();
            eprintln!("the servers' last log lines:\n{}", last.join("\n"));
        }
        backstage::block_on(self.database.clone().drop());
        assert!(jobs_left.is_empty(), "jobs were left behind: {jobs_left:?}");
        assert!(wrong_gates.is_empty(), "wrong gates of lists: {wrong_gates:?}");
    }
}
