//! The postmaster: started, started again if it dies, and stopped, by a thread of its own.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpid, getppid, kill_process, set_parent_process_death_signal,
    waitid,
};
use tokio::sync::watch;

use super::{
    account::Account,
    directory::{Directory, closed_file},
    programs::Programs,
};

/// A server that ends sooner has not been up.
const QUICK: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(300);
const QUICK_FAILURES: u32 = 5;
/// The sessions of a killed postmaster end when they notice, a busy one last: half a minute of pauses.
const QUICK_FAILURES_AFTER_A_KILL: u32 = 100;

/// `fast` lets every session end its transaction; `immediate` leaves the rest to crash recovery.
const FAST: Duration = Duration::from_mins(1);

const SETTINGS: [&str; 19] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    // One 100 MB file is a burst of WAL: checkpoints should not chase it. And after each one the first change of a page costs
    // the whole page.
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    // Every statement is short; compiling one costs more than running it.
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    // A week of logs, each day's file overwritten a week later.
    "logging_collector=on",
    "log_filename=postgres-%a.log",
    "log_rotation_age=1d",
    "log_rotation_size=0",
    "log_truncate_on_rotation=on",
    "log_file_mode=0600",
    // A failed statement's text, detail and context hold codes and user ids.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    // What an operator set with ALTER SYSTEM must not undo what a coupon handed out relies on.
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
];

/// In MiB: a quarter of the machine's memory, 128 to 8,192. Request keys are random, so each hand-out touches some page of
/// their index; pages that do not fit are read and written again and again (docs/PERFORMANCE.md).
fn shared_buffers() -> u64 {
    let machine = rustix::system::sysinfo();
    let bytes = machine.totalram.saturating_mul(machine.mem_unit.into());
    (bytes / 4 / (1024 * 1024)).clamp(128, 8192)
}

#[derive(Debug)]
pub(super) struct Server {
    shared: Arc<Shared>,
    ended: watch::Receiver<Option<String>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    postmaster: Option<Pid>,
    stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    pub(super) fn start(
        directory: &Directory,
        programs: &Programs,
        account: Account,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (sender, ended) = watch::channel(None);
        let supervisor = Supervisor {
            directory: directory.clone(),
            programs: programs.clone(),
            account,
            shared: Arc::clone(&shared),
        };
        // A thread, not a task: the kernel sends the death signal when the thread that spawned the child ends.
        thread::Builder::new()
            .name("private-postgres".to_owned())
            .spawn(move || sender.send_replace(Some(supervisor.run())))
            .context("cannot start a thread")?;
        Ok(Self { shared, ended })
    }

    /// Resolves with the reason when PostgreSQL is gone for good.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        let reason = ended.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }

    pub(super) fn has_ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    pub(super) async fn stop(&self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        self.signal(Signal::INT);
        if tokio::time::timeout(FAST, self.ended()).await.is_err() {
            tracing::warn!("the private PostgreSQL does not end; stopping it at once");
            self.signal(Signal::QUIT);
            self.ended().await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(postmaster) = self.shared.lock().postmaster
            && let Err(error) = kill_process(postmaster, signal)
        {
            tracing::warn!(%error, "cannot signal the private PostgreSQL");
        }
    }

    #[cfg(test)]
    pub(super) fn postmaster(&self) -> Option<Pid> {
        self.shared.lock().postmaster
    }
}

struct Supervisor {
    directory: Directory,
    programs: Programs,
    account: Account,
    shared: Arc<Shared>,
}

impl Supervisor {
    /// Until it is told to stop, or PostgreSQL will not start; the answer says which.
    fn run(&self) -> String {
        let mut quick_failures = 0;
        loop {
            let started = Instant::now();
            let outcome = match self.spawn() {
                Ok(Some(child)) => self
                    .wait(child)
                    .map_err(|error| format!("cannot wait for it: {error}")),
                Ok(None) => return "stopped".to_owned(),
                Err(error) => Err(format!("{error:#}")),
            };
            let state = self.shared.lock();
            if state.stopping {
                return "stopped".to_owned();
            }
            let outcome = outcome.map_or_else(|error| error, |status| status.to_string());
            let said = self.directory.read_first_words();
            quick_failures = if started.elapsed() < QUICK {
                quick_failures + 1
            } else {
                1
            };
            if quick_failures >= most_quick_failures(&said) {
                return outcome;
            }
            tracing::warn!(
                outcome,
                said,
                "the private PostgreSQL ended by itself; starting it again"
            );
            drop(self.shared.changed.wait_timeout(state, PAUSE));
        }
    }

    /// Nothing when it is time to stop. The lock is held, so that a stop comes before the child or finds it.
    fn spawn(&self) -> anyhow::Result<Option<Child>> {
        let mut state = self.shared.lock();
        if state.stopping {
            return Ok(None);
        }
        let child = self.command()?.spawn().context("cannot run postgres")?;
        state.postmaster = Some(Pid::from_child(&child));
        Ok(Some(child))
    }

    /// The process id is forgotten before the kernel may give it to somebody else.
    fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let outcome = waitid(WaitId::Pid(Pid::from_child(&child)), exited);
        self.shared.lock().postmaster = None;
        outcome?;
        child.wait()
    }

    /// The setting, if these programs take it.
    fn compression(&self) -> &'static [&'static str] {
        let mut probe = Command::new(self.programs.program("postgres"));
        probe
            .arg("-D")
            .arg(self.directory.cluster())
            .args(["-C", "wal_compression"])
            .args(COMPRESSION)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.account.run(&mut probe);
        match probe.status() {
            Ok(status) if status.success() => &COMPRESSION,
            _ => &[],
        }
    }

    fn command(&self) -> anyhow::Result<Command> {
        let said = self.directory.first_words();
        let said = closed_file(&said).with_context(|| format!("cannot write {}", said.display()))?;
        let mut logs = std::ffi::OsString::from("log_directory=");
        logs.push(self.directory.logs());
        let mut command = Command::new(self.programs.program("postgres"));
        command
            .arg("-D")
            .arg(self.directory.cluster())
            .arg("-k")
            .arg(self.directory.sockets())
            .args(["-p", "5432", "-c"])
            .arg(logs)
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .args(["-c", &format!("shared_buffers={}MB", shared_buffers())])
            .args(self.compression())
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(said.try_clone().context("cannot share the log")?)
            .stderr(said)
            // Ctrl-C goes to the terminal's whole process group, and would stop the database before we have drained.
            .process_group(0);
        self.account.run(&mut command);
        end_with_us(&mut command);
        Ok(command)
    }
}

/// Whole pages of WAL are shorter when compressed. Not every build of PostgreSQL has this, and one without would not start.
const COMPRESSION: [&str; 2] = ["-c", "wal_compression=lz4"];

fn most_quick_failures(said: &str) -> u32 {
    let remains = [
        "pre-existing shared memory block",
        "lock file \"postmaster.pid\" already exists",
    ];
    if remains.iter().any(|remain| said.contains(remain)) {
        QUICK_FAILURES_AFTER_A_KILL
    } else {
        QUICK_FAILURES
    }
}

/// However we end, `kill -9` too, the kernel tells PostgreSQL to shut down.
#[expect(unsafe_code, reason = "pre_exec has no safe form")]
fn end_with_us(command: &mut Command) {
    let parent = getpid();
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are allowed:
    // it makes two system calls and neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::INT))?;
            // The parent may have died before that call.
            if getppid() == Some(parent) {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(
                    rustix::io::Errno::SRCH.raw_os_error(),
                ))
            }
        });
    }
}
