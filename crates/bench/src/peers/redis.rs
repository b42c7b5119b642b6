//! A list in Redis, popped by a script that records who got what, so that a retry gets the same code.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context as _, ensure};
use demo::codes::code;
use redis::{AsyncCommands as _, AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};
use tokio::{
    process::{Child, Command},
    time::{Duration, sleep},
};

use crate::stand::server::PATIENCE;

/// More than it can hand out here.
const CODES: u64 = 3_000_000;

pub(super) struct Store {
    script: Script,
    /// All requests share it, so that their commands leave in one piece: that is what makes Redis fast.
    connection: MultiplexedConnection,
}

/// Durable as PostgreSQL is: what has been answered is on disk.
pub(super) async fn start(directory: PathBuf) -> anyhow::Result<(Child, Store)> {
    fs::create_dir(&directory)?;
    let socket = directory.join("socket");
    let mut command = Command::new("redis-server");
    command
        .args(["--port", "0", "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        // It would write everything anew while it is measured.
        .args(["--auto-aof-rewrite-percentage", "0"])
        .args(["--dir".as_ref(), directory.as_os_str()])
        .args(["--unixsocket".as_ref(), socket.as_os_str()])
        .stdout(File::create(directory.join("log"))?);
    command.kill_on_drop(true);
    let mut server = command.spawn().context("cannot start redis-server")?;
    while !socket.exists() {
        ensure!(server.try_wait()?.is_none(), "redis-server ended");
        sleep(Duration::from_millis(2)).await;
    }
    // Without the client's own limit of half a second: on a busy disk ten thousand codes at once take longer.
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let client = Client::open(format!("redis+unix://{}", socket.display()))?;
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&patient)
        .await?;
    for first in (0..CODES).step_by(10_000) {
        let codes = (first..first + 10_000).map(|number| code(number).to_vec());
        let () = connection.rpush("codes", codes.collect::<Vec<_>>()).await?;
    }
    let script = Script::new(include_str!("take.lua"));
    Ok((server, Store { script, connection }))
}

impl Store {
    pub(super) async fn take(&self, user: &str) -> anyhow::Result<String> {
        let mut connection = self.connection.clone();
        let mut call = self.script.key("codes");
        Ok(call.key("taken").arg(user).invoke_async(&mut connection).await?)
    }
}
