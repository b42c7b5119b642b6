//! The database: whether it is there, and then one look after another at it. One that falls silent ends the looks.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use storage::{Checkup, Error};

use super::{activity, finding::Finding, replica, server_settings, stored};
use crate::{config::Settings, database::Database, pools, private_postgres::PrivatePostgres};

/// For what goes through the pools, connecting included.
const POOLS: Duration = Duration::from_secs(15);

pub(super) async fn look(settings: &Settings, patience: Duration) -> Vec<Finding> {
    if settings.database_url.is_none() {
        match PrivatePostgres::running(settings.data_dir.as_deref()).await {
            Ok(Some(_)) => {}
            Ok(None) => return vec![not_running(settings)],
            Err(error) => return vec![away(&format!("{error:#}"))],
        }
    }
    let database = match Database::join(settings).await {
        Ok(database) => database,
        Err(error) => return vec![away(&format!("{error:#}"))],
    };
    let mut examination = match Checkup::begin(&database.direct_url).await {
        Ok(checkup) => Examination {
            checkup,
            findings: vec![Finding::fine("database", "it answers")],
        },
        Err(error) => return vec![away(&error.to_string())],
    };
    if let Err(error) = examine(&mut examination, &database, settings, patience).await {
        examination.findings.push(away(&error.to_string()));
    }
    database.close().await;
    examination.findings
}

/// A look at one server, and what was found so far.
pub(super) struct Examination {
    pub(super) checkup: Checkup,
    pub(super) findings: Vec<Finding>,
}

impl Examination {
    /// What was asked for; nothing where this role may not know it, or not in time, which is noted.
    ///
    /// # Errors
    /// If the database does not answer any more.
    pub(super) fn note<T>(
        &mut self,
        check: &'static str,
        answer: storage::Result<T>,
    ) -> Result<Option<T>, Error> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error @ Error::Unavailable(_)) => Err(error),
            Err(error) => {
                self.findings.push(Finding::hint(
                    check,
                    format!("it could not be looked at: {error}"),
                    "what nobody looks at may be wrong",
                    "a role may see more with pg_monitor (GRANT pg_monitor TO …); what takes too long waits for a lock, or for the disk",
                ));
                Ok(None)
            }
        }
    }
}

async fn examine(
    examination: &mut Examination,
    database: &Database,
    settings: &Settings,
    patience: Duration,
) -> Result<(), Error> {
    clock(examination).await?;
    let server = examination.checkup.settings().await;
    if let Some(server) = examination.note("settings", server)? {
        let found = server_settings::judge(&server, settings.work.loads, settings.database_url.is_none());
        examination.findings.extend(found);
        if server.is_in_recovery {
            examination.findings.push(Finding::problem(
                "primary",
                "DATABASE_URL leads to a replica, which takes no writes",
                "after a failover the old address may be the replica's",
                "let DATABASE_URL name the primary",
            ));
            return Ok(());
        }
        activity::look(examination, &server, patience).await?;
    }
    through_the_pools(examination, database).await;
    if let Some(replica) = &settings.database_read_url {
        replica::look(examination, replica).await?;
    }
    stored::look_at_sizes(examination, settings).await?;
    if schema(examination, &database.direct_url).await {
        stored::look_at_backups(examination).await?;
        stored::look_at_jobs(examination, settings.mails.relay.is_some()).await?;
        // The longest look is the last.
        stored::look_at_gates(examination).await?;
    }
    Ok(())
}

fn not_running(settings: &Settings) -> Finding {
    let directory = PrivatePostgres::data_directory(settings.data_dir.as_deref()).unwrap_or_default();
    Finding::problem(
        "database",
        format!(
            "no couponry runs on {}, and DATABASE_URL is not set: nothing could be looked at",
            directory.display()
        ),
        "the private PostgreSQL runs only while its couponry does",
        "start couponry serve, or set DATABASE_URL or COUPONRY_DATA_DIR as the server has them, and ask again",
    )
}

fn away(reason: &str) -> Finding {
    Finding::problem(
        "database",
        format!("it does not answer: {reason}"),
        "without it every request is answered 503",
        "see whether PostgreSQL runs, whether this machine reaches it, and whether the URL's role and password are right",
    )
}

/// Half the time of the question is taken for the way there.
async fn clock(examination: &mut Examination) -> Result<(), Error> {
    let asked = SystemTime::now();
    let answer = examination.checkup.clock().await;
    let Some(theirs) = examination.note("clock", answer)? else {
        return Ok(());
    };
    let took = asked.elapsed().unwrap_or_default();
    let ours = (asked + took / 2)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let apart = theirs.abs_diff(i64::try_from(ours.as_micros()).unwrap_or(i64::MAX)) / 1000;
    let what = format!("this machine's and the database's are {apart} ms apart");
    examination.findings.push(
        Finding::problem(
            "clock",
            what,
            "codes expire by the database's clock, while certificates, tokens of an identity provider and the log go by this \
             machine's",
            "let both machines take the time from one source (chrony, systemd-timesyncd)",
        )
        .unless(apart < 2_000),
    );
    Ok(())
}

/// As the start does: what a connection pooler keeps from our sessions.
async fn through_the_pools(examination: &mut Examination, database: &Database) {
    let lost = async {
        let storage = pools::background(database, 0)?;
        let lost = storage.lost_settings().await;
        storage.close();
        lost
    };
    let found = match tokio::time::timeout(POOLS, lost).await {
        Ok(Ok(lost)) if lost.is_empty() => vec![Finding::fine("pooler", "no setting of a session is lost")],
        Ok(Ok(lost)) => lost
            .into_iter()
            .map(|lost| {
                Finding::problem(
                    "pooler",
                    format!("a connection pooler does not pass on a setting: {lost}"),
                    "a statement that nobody waits for any more goes on, and may keep a list's gate",
                    format!("{}; then let the pooler connect anew", lost.remedy),
                )
            })
            .collect(),
        Ok(Err(error)) => vec![pooler_fails(&error.to_string())],
        Err(_) => vec![pooler_fails("no answer in time")],
    };
    examination.findings.extend(found);
}

fn pooler_fails(reason: &str) -> Finding {
    Finding::problem(
        "pooler",
        format!("the way of the requests, DATABASE_URL, does not work: {reason}"),
        "requests are answered 503, whatever the direct way says",
        "see docs/OPERATIONS.md, \"Behind PgBouncer\"",
    )
}

/// Whether there is a schema to look into.
async fn schema(examination: &mut Examination, url: &SecretString) -> bool {
    let fits = storage::schema_fits(url).await;
    let has_schema = matches!(fits, Ok(true));
    examination.findings.push(match fits {
        Ok(true) => Finding::fine(
            "schema",
            concat!("it fits this program, couponry ", env!("CARGO_PKG_VERSION")),
        ),
        Ok(false) => Finding::problem(
            "schema",
            concat!(
                "it lacks migrations of this program, couponry ",
                env!("CARGO_PKG_VERSION")
            ),
            "a server of this version is not ready until they are applied",
            "couponry migrate",
        ),
        Err(error) => Finding::problem(
            "schema",
            error.to_string(),
            "a program that the schema is too new for does not start",
            "ask with the program that the servers run",
        ),
    });
    has_schema
}
