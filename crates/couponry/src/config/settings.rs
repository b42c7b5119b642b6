//! The settings as types: what is here is known to make sense.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use api::{Door, RateLimits};
use domain::{MailDomains, WorkspaceId};
use ingestion::outbound::AddressPolicy;
use jiff::tz::TimeZone;
use reporting::Relay;
use reqwest::Url;
use secrecy::SecretString;
use storage::AfterPromotion;

use super::{
    Otlp, Problems, Variables,
    sign_in_variables::SignIns,
    unknown,
    values::{
        after_promotion, allowed, bootstrap_id, bootstrap_key, console, database_url, direct_url, listen,
        log_filter, mail, number, number_or_off, on_or_off, pair, public_url, read_url, role, smtp_url,
        time_zone,
    },
};

/// A mail is made in memory, several at a time.
const MOST_ATTACHMENT_BYTES: u64 = 50_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Absent: a private PostgreSQL.
    pub(crate) database_url: Option<SecretString>,
    pub(crate) database_direct_url: Option<SecretString>,
    pub(crate) database_read_url: Option<SecretString>,
    pub(crate) migrate: bool,
    pub(crate) after_promotion: AfterPromotion,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) pg_bin_dir: Option<PathBuf>,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<Url>,
    pub(crate) bootstrap: Option<Bootstrap>,
    pub(crate) time_zone: TimeZone,
    pub(crate) outbound_allow: AddressPolicy,
    pub(crate) role: Role,
    pub(crate) work: Work,
    /// Absent: any number.
    pub(crate) workspace_lists: Option<i64>,
    pub(crate) mails: Mails,
    pub(crate) report_variations: bool,
    pub(crate) rate_limits: RateLimits,
    /// Requests a second from one address; absent: as many as come.
    pub(crate) address_requests: Option<NonZeroU32>,
    pub(crate) door: Door,
    /// Absent: there is none.
    pub(crate) console: Option<console::Mode>,
    pub(crate) sign_ins: SignIns,
    pub(crate) telemetry: Telemetry,
}

/// What the program says of itself, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    /// A valid filter; kept as text because an `EnvFilter` cannot be cloned.
    pub(crate) log: String,
    /// Absent: `/metrics` is on the API's address.
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) otlp: Otlp,
}

/// The workspace that `serve` makes sure exists.
#[derive(Debug, Clone)]
pub(crate) struct Bootstrap {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) api_key: SecretString,
}

/// What a worker does at once, and how much of it.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) job_lease: Duration,
    pub(crate) loads: usize,
    /// The most codes of a list.
    pub(crate) list_codes: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Mails {
    /// Absent: mails wait.
    pub(crate) relay: Option<Relay>,
    pub(crate) domains: MailDomains,
    pub(crate) attachment_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Worker,
    All,
}

impl Role {
    pub(crate) fn answers(self) -> bool {
        self != Self::Worker
    }

    pub(crate) fn works(self) -> bool {
        self != Self::Api
    }
}

impl Settings {
    /// Judges the variables against each other and the environment for names that nobody reads.
    pub(crate) fn judge(
        said: &Variables,
        known: &[String],
        environment: &[(String, String)],
    ) -> Result<Self, Problems> {
        let names = environment.iter().map(|(name, _)| name.clone());
        let mut problems = Problems(unknown::complaints(known, names));
        let database_url = problems.keep("DATABASE_URL", database_url(said));
        let database_direct_url = problems.keep("COUPONRY_DATABASE_DIRECT_URL", direct_url(said));
        let database_read_url = problems.keep("COUPONRY_DATABASE_READ_URL", read_url(said));
        let migrate = problems.keep("COUPONRY_MIGRATE", on_or_off(&said.migrate));
        let after_promotion =
            problems.keep("COUPONRY_AFTER_PROMOTION", after_promotion(&said.after_promotion));
        let listen = problems.keep("COUPONRY_LISTEN", listen(&said.listen));
        let public_url = problems.keep("COUPONRY_PUBLIC_URL", public_url(said.public_url.as_deref()));
        let workspace_id = problems.keep("COUPONRY_BOOTSTRAP_WORKSPACE_ID", bootstrap_id(said));
        let api_key = problems.keep("COUPONRY_BOOTSTRAP_API_KEY", bootstrap_key(said));
        let bootstrap = problems.keep("COUPONRY_BOOTSTRAP_WORKSPACE_ID", pair(workspace_id, api_key));
        let time_zone = problems.keep("COUPONRY_TIME_ZONE", time_zone(&said.time_zone));
        let outbound_allow = problems.keep("COUPONRY_OUTBOUND_ALLOW", allowed(said));
        let role = problems.keep("COUPONRY_ROLE", role(&said.role));
        let work = Work::judge(said, &mut problems);
        let workspace_lists = problems.keep("COUPONRY_WORKSPACE_LISTS", number_or_off(&said.workspace_lists));
        let mails = Mails::judge(said, &mut problems);
        let variations = problems.keep("COUPONRY_REPORT_VARIATIONS", on_or_off(&said.report_variations));
        let rate_limits = rate_limits(said, &mut problems);
        let (door, sign_ins) = ways_in(said, &mut problems);
        let address_requests =
            problems.keep("COUPONRY_ADDRESS_REQUESTS", number_or_off(&said.address_requests));
        let console = problems.keep("COUPONRY_CONSOLE", console(&said.console));
        let telemetry = Telemetry::judge(said, environment, &mut problems);

        let assemble = || {
            Some(Self {
                database_url: database_url?,
                database_direct_url: database_direct_url?,
                database_read_url: database_read_url?,
                migrate: migrate?,
                after_promotion: after_promotion?,
                data_dir: said.data_dir.clone(),
                pg_bin_dir: said.pg_bin_dir.clone(),
                listen: listen?,
                public_url: public_url?,
                bootstrap: bootstrap?,
                time_zone: time_zone?,
                outbound_allow: outbound_allow?,
                role: role?,
                work: work?,
                workspace_lists: workspace_lists?.map(|lists: NonZeroU32| lists.get().into()),
                mails: mails?,
                report_variations: variations?,
                rate_limits: rate_limits?,
                address_requests: address_requests?,
                door: door?,
                console: console?,
                sign_ins: sign_ins?,
                telemetry: telemetry?,
            })
        };
        match assemble() {
            Some(settings) if problems.0.is_empty() => Ok(settings),
            _ => Err(problems),
        }
    }

    /// Where `/healthz` and `/readyz` are asked: a worker answers them beside its metrics, if anywhere.
    pub(crate) fn probes_listen(&self) -> Option<SocketAddr> {
        if self.role.answers() {
            Some(self.listen)
        } else {
            self.telemetry.metrics_listen
        }
    }
}

impl Telemetry {
    fn judge(said: &Variables, environment: &[(String, String)], problems: &mut Problems) -> Option<Self> {
        let metrics_listen = said.door.metrics_listen(problems);
        let otlp = Otlp::judge(environment, problems);
        let log = problems.keep("COUPONRY_LOG", log_filter(&said.log))?;
        Some(Self {
            log,
            metrics_listen,
            otlp,
        })
    }
}

impl Work {
    fn judge(said: &Variables, problems: &mut Problems) -> Option<Self> {
        let job_lease = problems.keep(
            "COUPONRY_JOB_LEASE_SECONDS",
            number(&said.job_lease_seconds, 1, 3_600),
        );
        let loads = problems.keep("COUPONRY_LOADS", number(&said.loads, 1, 64));
        let list_codes = problems.keep(
            "COUPONRY_LIST_CODES",
            number(&said.list_codes, 1, domain::LIST_CODES.unsigned_abs()),
        );
        Some(Self {
            job_lease: Duration::from_secs(job_lease?),
            loads: usize::try_from(loads?).ok()?,
            list_codes: i64::try_from(list_codes?).ok()?,
        })
    }
}

impl Mails {
    fn judge(said: &Variables, problems: &mut Problems) -> Option<Self> {
        let relay = problems.keep("COUPONRY_SMTP_URL", smtp_url(said));
        let relay = problems.keep("COUPONRY_MAIL_FROM", mail(relay, said.mail_from.as_deref()));
        let domains = said.mail_domains.as_deref().unwrap_or_default();
        let domains = problems.keep("COUPONRY_MAIL_DOMAINS", domains.parse());
        let attachment_bytes = problems.keep(
            "COUPONRY_MAIL_ATTACHMENT_BYTES",
            number(&said.mail_attachment_bytes, 0, MOST_ATTACHMENT_BYTES),
        );
        Some(Self {
            relay: relay?,
            domains: domains?,
            attachment_bytes: usize::try_from(attachment_bytes?).ok()?,
        })
    }
}

fn ways_in(said: &Variables, problems: &mut Problems) -> (Option<Door>, Option<SignIns>) {
    let door = said.door.read(problems);
    let proxies = door.as_ref().map(|door| &door.proxies);
    let sign_ins = said.sign_ins.read(proxies, said.public_url.is_some(), problems);
    (door, sign_ins)
}

fn rate_limits(said: &Variables, problems: &mut Problems) -> Option<RateLimits> {
    let limited = problems.keep("COUPONRY_RATE_LIMITS", on_or_off(&said.rate_limits));
    let limits = said.rates.read(problems);
    Some(if limited? {
        limits.into_iter().collect()
    } else {
        RateLimits::new()
    })
}

#[cfg(test)]
mod tests;
