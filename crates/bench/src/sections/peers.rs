//! Starts those that couponry is compared with.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use redis::aio::MultiplexedConnection;

use crate::{
    bench::Bench,
    codes,
    peer::{AUTHORIZATION_VARIABLE, redis::connection},
    process::Process,
};

/// Codes that Redis gets: more than it can hand out here.
const REDIS_CODES: u64 = 3_000_000;
const PIECE: u64 = 10_000;

/// An HTTP server of ours in front of a database of theirs.
#[derive(Debug)]
pub(super) struct Peer {
    _process: Process,
    pub(super) base: String,
    _behind: Option<Process>,
}

/// Of 8, 16 and 32 tried on two cores: 2,750/s, 3,620/s and 3,660/s with 64 requests under way, 1,870/s, 2,300/s and
/// 2,260/s with 256.
const CONNECTIONS: &str = "16";

pub(super) fn skip_locked_arguments(url: &str) -> [String; 5] {
    ["skip-locked", "--database", url, "--connections", CONNECTIONS].map(str::to_owned)
}

pub(super) async fn skip_locked(bench: &Bench) -> anyhow::Result<Peer> {
    start(
        bench,
        "skip-locked",
        &skip_locked_arguments(&bench.database.url),
        None,
    )
    .await
}

/// Durable as PostgreSQL is: what has been answered is on disk.
pub(super) async fn redis(bench: &Bench) -> anyhow::Result<Peer> {
    let place = bench.scratch.path("redis");
    fs::create_dir(&place)?;
    let socket = place.join("socket");
    let mut command = Command::new("redis-server");
    command
        .args([
            "--port",
            "0",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ])
        // It would write everything anew while it is measured.
        .args(["--auto-aof-rewrite-percentage", "0"])
        .arg("--dir")
        .arg(&place)
        .arg("--unixsocket")
        .arg(&socket)
        .stdout(File::create(place.join("log"))?);
    let mut process = Process::start("redis-server", &mut command)?;
    process.until(|| socket.exists().then_some(())).await?;
    let url = format!("redis+unix://{}", socket.display());
    fill(&mut connection(&url).await?).await?;
    let arguments = ["redis", "--url", url.as_str()].map(str::to_owned);
    start(bench, "redis", &arguments, Some(process)).await
}

async fn fill(connection: &mut MultiplexedConnection) -> anyhow::Result<()> {
    for first in (0..REDIS_CODES).step_by(usize::try_from(PIECE)?) {
        let codes: Vec<String> = (first..first + PIECE).map(codes::code).collect();
        let () = redis::cmd("RPUSH")
            .arg("codes")
            .arg(codes)
            .query_async(connection)
            .await?;
    }
    Ok(())
}

async fn start(
    bench: &Bench,
    name: &str,
    arguments: &[String],
    behind: Option<Process>,
) -> anyhow::Result<Peer> {
    let said = bench.scratch.path(&format!("{name}.address"));
    let mut command = Command::new(env::current_exe()?);
    command
        .arg("peer")
        .args(arguments)
        .env(AUTHORIZATION_VARIABLE, &bench.client.authorization)
        .stdin(Stdio::null())
        .stdout(File::create(&said)?);
    let mut process = Process::start(name, &mut command)?;
    let address = process
        .until(|| address(&said))
        .await
        .with_context(|| name.to_owned())?;
    Ok(Peer {
        _process: process,
        base: format!("http://{address}"),
        _behind: behind,
    })
}

/// A whole line.
fn address(said: &Path) -> Option<String> {
    let said = fs::read_to_string(said).ok()?;
    said.strip_suffix('\n').map(str::to_owned)
}
