//! A list in Redis, popped by a script that records who got what, so that a retry gets the same code.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use demo::codes::code;
use redis::{AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};

use crate::stand::{process::Process, server::PATIENCE};

/// More than it can hand out here.
const CODES: u64 = 3_000_000;
const PIECE: u64 = 10_000;

const TAKE: &str = "
local code = redis.call('HGET', KEYS[2], ARGV[1])
if not code then
  code = redis.call('RPOP', KEYS[1])
  redis.call('HSET', KEYS[2], ARGV[1], code)
end
return code";

pub(super) struct Store {
    script: Script,
    /// All requests share it, so that their commands leave in one piece: that is what makes Redis fast.
    connection: MultiplexedConnection,
}

/// Durable as PostgreSQL is: what has been answered is on disk.
pub(super) async fn start(directory: PathBuf) -> anyhow::Result<(Process, Store)> {
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
    let mut process = Process::start("redis-server", &mut command)?;
    process.until(|| socket.exists().then_some(())).await?;
    // Without the client's own limit of half a second: on a busy disk ten thousand codes at once take longer.
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let client = Client::open(format!("redis+unix://{}", socket.display()))?;
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&patient)
        .await?;
    for first in (0..CODES).step_by(10_000) {
        let codes = (first..first + PIECE).map(|number| code(number).to_vec());
        let codes: Vec<Vec<u8>> = codes.collect();
        let push = redis::cmd("RPUSH").arg("codes").arg(&codes).to_owned();
        let () = push.query_async(&mut connection).await?;
    }
    let script = Script::new(TAKE);
    Ok((process, Store { script, connection }))
}

impl Store {
    pub(super) async fn take(&self, user: &str) -> anyhow::Result<String> {
        let mut connection = self.connection.clone();
        let mut call = self.script.key("codes");
        Ok(call.key("taken").arg(user).invoke_async(&mut connection).await?)
    }
}
