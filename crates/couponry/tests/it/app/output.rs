//! What a server wrote: its log lines, and whatever else came out of it.

use std::{
    io::{BufRead as _, BufReader, Read},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use serde_json::Value;

/// All lines of all servers of one test, in the order in which they were read.
#[derive(Clone, Default)]
pub(crate) struct Output {
    log: Arc<Mutex<Vec<String>>>,
    stdout: Arc<Mutex<Vec<String>>>,
}

impl Output {
    pub(crate) fn log_lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn stdout_lines(&self) -> Vec<String> {
        self.stdout.lock().unwrap().clone()
    }

    /// Collects a server's log; the address in its first line with this message goes to `listening`.
    pub(super) fn collect_log(
        &self,
        stderr: impl Read + Send + 'static,
        message: &'static str,
        listening: tokio::sync::oneshot::Sender<String>,
    ) -> JoinHandle<()> {
        let mut listening = Some(listening);
        collect(stderr, Arc::clone(&self.log), move |line| {
            if let Some(address) = address_in(line, message)
                && let Some(listening) = listening.take()
            {
                listening.send(address).ok();
            }
        })
    }

    pub(super) fn collect_stdout(&self, stdout: impl Read + Send + 'static) -> JoinHandle<()> {
        collect(stdout, Arc::clone(&self.stdout), |_| {})
    }
}

fn collect(
    stream: impl Read + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
    mut see: impl FnMut(&str) + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // Kept before it is acted on: who hears of the address finds the line here.
            lines.lock().unwrap().push(line.clone());
            see(&line);
        }
    })
}

/// The address in a line `{"message":"listening","address":"127.0.0.1:4711",…}`, with or without `fields` round both.
fn address_in(line: &str, message: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    (fields["message"] == message).then(|| fields["address"].as_str().map(str::to_owned))?
}
