//! PostgreSQL servers of an experiment's own, in one directory, each a process that can be killed, stopped or copied.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

/// Finds the programs, and installs them where there are none.
const FIND_PROGRAMS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/dev/postgres-programs.sh"
);
/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// Where servers have their data, for as long as this lives.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    programs: PathBuf,
}

/// A server, which ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    data: PathBuf,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    running: Option<Child>,
}

impl Place {
    pub fn new() -> anyhow::Result<Self> {
        let found = Command::new(FIND_PROGRAMS).stderr(Stdio::inherit()).output()?;
        ensure!(found.status.success(), "there is no PostgreSQL to break");
        let programs = PathBuf::from(String::from_utf8(found.stdout)?.trim());
        let mut directory = tempfile::Builder::new();
        directory
            .prefix("couponry-chaos.")
            .permissions(fs::Permissions::from_mode(0o755));
        let directory = directory.tempdir_in("/tmp")?;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(directory.path()))?;
        }
        Ok(Self { directory, programs })
    }

    /// A new cluster, not started yet. Only processes die here, never the machine, so nothing is flushed to the disk.
    pub fn cluster(&self, name: &str) -> anyhow::Result<Postgres> {
        let postgres = self.postgres(name)?;
        run(as_postgres(&self.programs.join("initdb"))
            .arg("--pgdata")
            .arg(&postgres.data)
            .args(["--username", "postgres", "--auth", "trust"])
            .args(["--locale", "C", "--encoding", "UTF8", "--no-sync"]))?;
        Ok(postgres)
    }

    /// A base backup of a running server, not started yet.
    pub fn backup(&self, of: &Postgres, name: &str) -> anyhow::Result<Postgres> {
        let postgres = self.postgres(name)?;
        run(as_postgres(&self.programs.join("pg_basebackup"))
            .arg("--pgdata")
            .arg(&postgres.data)
            .args(["--dbname", &of.url()])
            .args(["--checkpoint", "fast", "--wal-method", "stream", "--no-sync"]))?;
        Ok(postgres)
    }

    fn postgres(&self, name: &str) -> anyhow::Result<Postgres> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Postgres {
            data: self.directory.path().join(name),
            programs: self.programs.clone(),
            port: free.local_addr()?.port(),
            settings: Vec::new(),
            running: None,
        })
    }
}

impl Postgres {
    /// A setting from the next start on, such as `synchronous_standby_names='*'`.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// Follows this one from the next start on, under its name.
    pub fn follow(&mut self, primary: &Self) -> anyhow::Result<()> {
        self.touch("standby.signal")?;
        let name = self.data.file_name().unwrap_or_default().display();
        let port = primary.port;
        // Where `alter system` writes, too, so that the link can be cut.
        let settings = self.data.join("postgresql.auto.conf");
        let mut settings = fs::OpenOptions::new().append(true).open(settings)?;
        let conninfo = format!("host=127.0.0.1 port={port} user=postgres application_name={name}");
        Ok(writeln!(settings, "primary_conninfo = '{conninfo}'")?)
    }

    /// Recovers as a backup is restored to a point in time, from the next start on: that begins a timeline.
    pub fn recover(&mut self) -> anyhow::Result<()> {
        self.touch("recovery.signal")?;
        self.set("restore_command=false");
        Ok(())
    }

    fn touch(&self, name: &str) -> anyhow::Result<()> {
        run(as_postgres(Path::new("touch")).arg(self.data.join(name)))
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.data.with_extension("log");
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = as_postgres(&self.programs.join("postgres"));
        command.arg("-D").arg(&self.data);
        let port = self.port.to_string();
        let own = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=64MB",
            "wal_keep_size=512MB",
            "max_connections=200",
            "jit=off",
        ];
        for setting in own.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command.args(["-p", &port]).stdout(Stdio::null()).stderr(log);
        self.running = Some(command.process_group(0).spawn()?);
        let started = Instant::now();
        while self.sql("select 1").is_err() {
            let child = self.running.as_mut().context("it is not running")?;
            ensure!(child.try_wait()?.is_none(), "PostgreSQL ended: {}", self.log());
            ensure!(
                started.elapsed() < PATIENCE,
                "PostgreSQL does not answer: {}",
                self.log()
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    /// `kill -9` of the server and all its processes.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let killed = self.signal(Signal::KILL)?;
        self.wait()?;
        // The next one does not start while one of these has its memory.
        while killed.iter().any(|process| is_alive(*process)) {
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Ends it in order; what it has answered is in its data.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let child = self.running.as_ref().context("it is not running")?;
        kill_process(Pid::from_child(child), Signal::INT)?;
        self.wait()
    }

    /// All its processes stand still, until [`Self::go_on`].
    pub fn stand_still(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP).map(|_| ())
    }

    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT).map(|_| ())
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.running.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// The processes that the server had.
    fn signal(&self, signal: Signal) -> anyhow::Result<Vec<Pid>> {
        let child = self.running.as_ref().context("it is not running")?;
        // Its processes have sessions of their own, so no group is all of them. It goes first: it starts no others then.
        let id = child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        kill_process(Pid::from_child(child), signal)?;
        let mut signalled = Vec::new();
        for child in children.split_ascii_whitespace() {
            if let Some(child) = Pid::from_raw(child.parse()?) {
                // One that has ended meanwhile is as good.
                _ = kill_process(child, signal);
                signalled.push(child);
            }
        }
        Ok(signalled)
    }

    /// A standby becomes a primary.
    pub async fn promote(&self) -> anyhow::Result<()> {
        self.sql("select pg_promote()")?;
        let started = Instant::now();
        while self.sql("select pg_is_in_recovery()")? != "f" {
            ensure!(started.elapsed() < PATIENCE, "the standby is not promoted");
            sleep(POLL).await;
        }
        Ok(())
    }

    /// The primary is heard of no more: what it commits from here on is missing.
    pub async fn lose_primary(&self) -> anyhow::Result<()> {
        self.sql("alter system set primary_conninfo = ''")?;
        self.sql("select pg_reload_conf()")?;
        let started = Instant::now();
        while self.sql("select count(*) from pg_stat_wal_receiver")? != "0" {
            ensure!(started.elapsed() < PATIENCE, "the standby goes on following");
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits until this standby has whatever the primary has now.
    pub async fn catch_up(&self, primary: &Self) -> anyhow::Result<()> {
        let place = primary.sql("select pg_current_wal_insert_lsn()")?;
        let started = Instant::now();
        while self.sql(&format!("select pg_last_wal_replay_lsn() >= '{place}'"))? != "t" {
            ensure!(started.elapsed() < PATIENCE, "the standby does not catch up");
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Puts the data of another one, which does not run, in the place of its own.
    pub fn restore(&self, from: &Self) -> anyhow::Result<()> {
        ensure!(
            self.running.is_none() && from.running.is_none(),
            "one of them runs"
        );
        run(Command::new("rm").arg("-rf").arg(&self.data))?;
        run(Command::new("cp").arg("-a").arg(&from.data).arg(&self.data))
    }

    /// Restores a dump of the other's database into this one's.
    pub fn restore_dump(&self, from: &Self) -> anyhow::Result<()> {
        let mut dump = as_postgres(&self.programs.join("pg_dump"));
        let dump = dump.args(["--dbname", &from.url()]).output()?;
        ensure!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let file = self.data.with_extension("sql");
        fs::write(&file, dump.stdout)?;
        let mut psql = self.psql();
        run(psql.args(["--set", "ON_ERROR_STOP=1"]).arg("--file").arg(file))
    }

    /// What a statement answers, one value.
    pub fn sql(&self, statement: &str) -> anyhow::Result<String> {
        let mut psql = self.psql();
        let answer = psql.args(["--command", statement]).output()?;
        if !answer.status.success() {
            bail!("{statement}: {}", String::from_utf8_lossy(&answer.stderr));
        }
        Ok(String::from_utf8(answer.stdout)?.trim().to_owned())
    }

    fn psql(&self) -> Command {
        let beside = self.programs.join("psql");
        let mut psql = if beside.exists() {
            Command::new(beside)
        } else {
            Command::new("psql")
        };
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--dbname",
            &self.url(),
        ]);
        psql.env("PGCONNECT_TIMEOUT", "5").stdout(Stdio::piped());
        psql
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }

    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(10).collect();
        last.join(" | ")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.running.is_some() {
            // One that stands still takes no signal but this.
            if let Err(error) = self.signal(Signal::KILL).and_then(|_| self.wait()) {
                eprintln!("cannot end PostgreSQL: {error}");
            }
        }
    }
}

/// One that nobody has waited for yet does not live.
fn is_alive(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    // Where root may be, another user may not.
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(
        done.status.success(),
        "{}: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}
