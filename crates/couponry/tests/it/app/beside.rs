//! Servers beside a test, started by a script of `deploy/dev`, as long as this lives.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use reqwest::Url;

use super::server::Environment;

/// A script that runs a command beside its servers. The command is one that ends with this.
struct Beside {
    child: Child,
    said: Vec<String>,
}

impl Beside {
    /// `says` are the variables that the script sets.
    fn start(script: &str, says: &[&str], settings: &str) -> Self {
        Self::start_before(script, says, settings, None)
    }

    /// Before another PostgreSQL than the tests'.
    fn start_before(script: &str, says: &[&str], settings: &str, database: Option<&str>) -> Self {
        let say_all = format!("printenv {}; exec cat", says.join(" "));
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/dev");
        let mut child = Command::new(scripts.join(script))
            .args(["sh", "-c", &say_all])
            .env("COUPONRY_TEST_POOLER_SETTINGS", settings)
            .envs(database.map(|url| ("COUPONRY_TEST_DATABASE_URL", url)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.take(says.len()).collect::<Result<_, _>>();
        Self {
            child,
            said: said.unwrap(),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

/// A PgBouncer before the tests' PostgreSQL: in transaction mode and set up as the documentation says, unless the settings
/// say otherwise.
pub(crate) struct Pooler(Beside);

impl Pooler {
    pub(crate) fn start(settings: &str) -> Self {
        Self(Beside::start(
            "with-pooler.sh",
            &["COUPONRY_TEST_POOLER_URL"],
            settings,
        ))
    }

    /// Before what is at this address, by TCP.
    pub(crate) fn before(database: &str) -> Self {
        let url = Url::parse(database).unwrap();
        let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
        let target = format!("postgres:///?host={host} port={port}");
        let says = ["COUPONRY_TEST_POOLER_URL"];
        Self(Beside::start_before("with-pooler.sh", &says, "", Some(&target)))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.said[0]
    }

    /// Puts it between the server and its database.
    pub(crate) fn stand_in(&self, environment: &mut Environment) {
        let direct = environment["DATABASE_URL"].clone();
        self.stand_alone(environment);
        environment.insert("COUPONRY_DATABASE_DIRECT_URL".to_owned(), direct);
    }

    /// The same, without a way past it.
    pub(crate) fn stand_alone(&self, environment: &mut Environment) {
        let database = Url::parse(&environment["DATABASE_URL"]).unwrap();
        let mut url = Url::parse(&self.0.said[0]).unwrap();
        url.set_path(database.path());
        environment.insert("DATABASE_URL".to_owned(), url.into());
    }
}

/// A PostgreSQL with nothing in it, and a streaming replica of it.
pub(crate) struct Replicated(Beside);

impl Replicated {
    pub(crate) fn start() -> Self {
        let says = ["COUPONRY_TEST_PRIMARY_URL", "COUPONRY_TEST_REPLICA_URL"];
        Self(Beside::start("with-replica.sh", &says, ""))
    }

    pub(crate) fn primary(&self) -> &str {
        &self.0.said[0]
    }

    pub(crate) fn replica(&self) -> &str {
        &self.0.said[1]
    }

    /// Lets a server work on both.
    pub(crate) fn stand_in(&self, environment: &mut Environment) {
        environment.insert("DATABASE_URL".to_owned(), self.primary().to_owned());
        environment.insert("COUPONRY_DATABASE_READ_URL".to_owned(), self.replica().to_owned());
    }
}
