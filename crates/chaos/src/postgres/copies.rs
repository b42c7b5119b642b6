//! Copies of a server's data: standbys that follow it, backups and dumps.

use std::{fs, io::Write as _, process::Command, time::Instant};

use anyhow::ensure;
use tokio::time::sleep;

use super::{
    PATIENCE, POLL, Place, Postgres,
    programs::{as_postgres, run},
};

impl Place {
    /// A base backup of a running server, not started yet.
    pub fn backup(&self, of: &Postgres, name: &str) -> anyhow::Result<Postgres> {
        let postgres = self.postgres(self.path_of(name))?;
        run(as_postgres(&self.programs.join("pg_basebackup"))
            .arg("--pgdata")
            .arg(&postgres.data)
            .args(["--dbname", &of.url()])
            .args(["--checkpoint", "fast", "--wal-method", "stream", "--no-sync"]))?;
        Ok(postgres)
    }
}

impl Postgres {
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
        run(as_postgres("touch".as_ref()).arg(self.data.join(name)))
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
}
