//! Sessions of strangers, who hold locks and connections.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Stdio},
};

use anyhow::{Context as _, ensure};

use super::Postgres;

/// What psql says once it has done what it was told.
const DONE: &str = "done";

/// Keeps its transaction open until it is dropped.
#[derive(Debug)]
pub struct Session {
    psql: Child,
    /// While this is open psql waits for more.
    _more: ChildStdin,
}

impl Postgres {
    /// A session that has carried out these statements, such as `begin; lock table …;`.
    pub fn session(&self, statements: &str) -> anyhow::Result<Session> {
        let mut session = self.begin_session(statements)?;
        ensure!(session.is_done()?, "a session was refused: {statements}");
        Ok(session)
    }

    /// Takes every connection that is left, also those that are kept for superusers; each is one of the sessions.
    pub fn use_up_connections(&self) -> anyhow::Result<Vec<Session>> {
        let most: usize = self.sql("show max_connections")?.parse()?;
        let begun: Vec<Session> = (0..=most)
            .map(|_| self.begin_session("select 1;"))
            .collect::<anyhow::Result<_>>()?;
        let mut taken = Vec::new();
        for mut session in begun {
            if session.is_done()? {
                taken.push(session);
            }
        }
        ensure!(taken.len() <= most, "nobody was refused a connection");
        Ok(taken)
    }

    fn begin_session(&self, statements: &str) -> anyhow::Result<Session> {
        let mut psql = self.psql();
        psql.args(["--set", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null());
        let mut psql = psql.spawn()?;
        let mut more = psql.stdin.take().context("psql hears nothing")?;
        // One that was refused a connection has ended, and hears nothing.
        _ = writeln!(more, "{statements}\n\\echo {DONE}");
        Ok(Session { psql, _more: more })
    }
}

impl Session {
    /// Waits until it has done what it was told; false if it could not.
    fn is_done(&mut self) -> anyhow::Result<bool> {
        let said = self.psql.stdout.take().context("psql says nothing")?;
        for line in BufReader::new(said).lines() {
            if line? == DONE {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        if let Err(error) = self.psql.kill().and_then(|()| self.psql.wait()) {
            eprintln!("cannot end a session: {error}");
        }
    }
}
