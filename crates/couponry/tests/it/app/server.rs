//! The real program as a child process.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::Deref,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
};

use rustix::process::{Pid, Signal};

use super::{Client, Credentials, Output, in_time, wait_for};

pub(crate) type Environment = BTreeMap<String, String>;

/// A running `couponry serve`, reached through its [`Client`], a worker at the address of its metrics; killed when dropped.
pub(crate) struct Server {
    api: Client,
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    pub(crate) async fn start(environment: &Environment, output: &Output) -> Self {
        let mut child = program(environment)
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (listening, address) = tokio::sync::oneshot::channel();
        let is_worker = environment
            .get("COUPONRY_ROLE")
            .is_some_and(|role| role == "worker");
        let message = if is_worker {
            "metrics are shown"
        } else {
            "listening"
        };
        let readers = vec![
            output.collect_log(child.stderr.take().unwrap(), message, listening),
            output.collect_stdout(child.stdout.take().unwrap()),
        ];
        let Ok(address) = in_time("the server to listen", address).await else {
            let ended = child.wait();
            panic!(
                "the server ended before it listened: {ended:?}\n{:#?}",
                output.log_lines()
            );
        };
        let address: SocketAddr = address.parse().unwrap();
        Self {
            api: Client::new(address, Credentials::of(environment)),
            child,
            readers,
        }
    }

    /// `kill -9`: no time to finish anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }

    /// What the process has in memory, in KiB, from where its peak is counted anew.
    pub(crate) fn memory(&self) -> u64 {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.status("VmRSS:")
    }

    /// The most it had in memory since then, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// SIGTERM, as an orchestrator sends it.
    pub(crate) fn terminate(&self) {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits for the program's own end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        wait_for("the server to end", async || self.child.try_wait().unwrap()).await
    }
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.api
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The program with these variables and no others: nothing of the machine's surroundings may show.
pub(crate) fn program(environment: &Environment) -> Command {
    // As systems start programs: with 1,024 open files, which they may raise.
    let mut program = Command::new("/bin/sh");
    program
        .args([
            "-c",
            "ulimit -S -n 1024 && exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_couponry"),
        ])
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        // Two traps: times follow COUPONRY_TIME_ZONE alone, and no request goes through a proxy that nobody checked.
        .env("TZ", "Asia/Tokyo")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .envs(environment)
        .stdin(Stdio::null());
    program
}
