//! A program of ours that ends with us.

use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

/// Interrupted and waited for when it is dropped. couponry bounds its own end.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: &'static str,
}

impl Process {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks again and again until there is an answer; an error if the process ends or never answers.
    pub(crate) async fn until<T>(&mut self, mut ask: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
        let started = Instant::now();
        loop {
            if let Some(answer) = ask() {
                return Ok(answer);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended: {status}", self.name);
            }
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "{} does not start",
                self.name
            );
            sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever was waited for has its number no longer.
        if matches!(self.child.try_wait(), Ok(None)) {
            let interrupted = kill_process(Pid::from_child(&self.child), Signal::INT);
            if let Err(error) = interrupted.map_err(Into::into).and_then(|()| self.child.wait()) {
                eprintln!("cannot end {}: {error}", self.name);
            }
        }
    }
}
