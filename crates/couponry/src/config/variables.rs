//! Every setting: one field is one flag, one environment variable, one default.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::{
    door_variables::DoorVariables, rate_variables::RateVariables, sign_in_variables::SignInVariables,
};

/// What was said, still as text: `Settings::judge` reads it, so that `config check` can show all of it and name
/// everything that is wrong, not only the first thing.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Variables {
    /// PostgreSQL 15 or later; absent: a private PostgreSQL is started under the data directory
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub(crate) database_url: Option<SecretString>,

    /// File that holds the database URL
    #[arg(long, env = "DATABASE_URL_FILE", global = true, value_name = "FILE")]
    pub(crate) database_url_file: Option<PathBuf>,

    /// The way past a connection pooler, for migrations and LISTEN; absent: the database URL
    #[arg(
        long,
        env = "COUPONRY_DATABASE_DIRECT_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub(crate) database_direct_url: Option<SecretString>,

    /// File that holds the direct database URL
    #[arg(
        long,
        env = "COUPONRY_DATABASE_DIRECT_URL_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(crate) database_direct_url_file: Option<PathBuf>,

    /// A read replica, for reports and look-ups; absent: the database URL
    #[arg(
        long,
        env = "COUPONRY_DATABASE_READ_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub(crate) database_read_url: Option<SecretString>,

    /// File that holds the read replica's URL
    #[arg(
        long,
        env = "COUPONRY_DATABASE_READ_URL_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(crate) database_read_url_file: Option<PathBuf>,

    /// Whether `serve` applies pending migrations: on, or off where `couponry migrate` runs with another role
    #[arg(
        long,
        env = "COUPONRY_MIGRATE",
        global = true,
        value_name = "on|off",
        default_value = "on"
    )]
    pub(crate) migrate: String,

    /// After a standby was promoted: pause until `couponry database acknowledge`, or continue (it was synchronous)
    #[arg(
        long,
        env = "COUPONRY_AFTER_PROMOTION",
        global = true,
        value_name = "pause|continue",
        default_value = "pause"
    )]
    pub(crate) after_promotion: String,

    /// Where the private PostgreSQL keeps its data; absent: the platform's data directory
    #[arg(long, env = "COUPONRY_DATA_DIR", global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Where the private PostgreSQL's programs are; absent: they are looked for
    #[arg(long, env = "COUPONRY_PG_BIN_DIR", global = true, value_name = "DIR")]
    pub(crate) pg_bin_dir: Option<PathBuf>,

    /// Address of the HTTP server; port 0 takes a free one
    #[arg(
        long,
        env = "COUPONRY_LISTEN",
        global = true,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: String,

    /// How the outside reaches the server; absent: the listen address
    #[arg(long, env = "COUPONRY_PUBLIC_URL", global = true, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// A workspace that exists after start: its id
    #[arg(
        long,
        env = "COUPONRY_BOOTSTRAP_WORKSPACE_ID",
        global = true,
        value_name = "ID"
    )]
    pub(crate) bootstrap_workspace_id: Option<SecretString>,

    /// File that holds the bootstrap workspace's id
    #[arg(
        long,
        env = "COUPONRY_BOOTSTRAP_WORKSPACE_ID_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(crate) bootstrap_workspace_id_file: Option<PathBuf>,

    /// A workspace that exists after start: its API key
    #[arg(
        long,
        env = "COUPONRY_BOOTSTRAP_API_KEY",
        hide_env_values = true,
        global = true,
        value_name = "KEY"
    )]
    pub(crate) bootstrap_api_key: Option<SecretString>,

    /// File that holds the bootstrap workspace's API key
    #[arg(
        long,
        env = "COUPONRY_BOOTSTRAP_API_KEY_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(crate) bootstrap_api_key_file: Option<PathBuf>,

    /// Time zone of days (expiry, reports), by its IANA name
    #[arg(
        long,
        env = "COUPONRY_TIME_ZONE",
        global = true,
        value_name = "ZONE",
        default_value = "UTC"
    )]
    pub(crate) time_zone: String,

    /// Private addresses or networks that files may be fetched from: CIDR, comma-separated
    #[arg(long, env = "COUPONRY_OUTBOUND_ALLOW", global = true, value_name = "NETWORKS")]
    pub(crate) outbound_allow: Option<String>,

    /// What this process does: answer the API, work through background jobs, or both
    // Not global: a key has a role too, and `serve` takes this one besides.
    #[arg(
        long,
        env = "COUPONRY_ROLE",
        value_name = "api|worker|all",
        default_value = "all"
    )]
    pub(crate) role: String,

    /// Seconds after which a silent worker's job goes to another one
    #[arg(
        long,
        env = "COUPONRY_JOB_LEASE_SECONDS",
        global = true,
        value_name = "N",
        default_value = "15"
    )]
    pub(crate) job_lease_seconds: String,

    /// Coupon files loaded at once by this process
    #[arg(
        long,
        env = "COUPONRY_LOADS",
        global = true,
        value_name = "N",
        default_value = "2"
    )]
    pub(crate) loads: String,

    /// The most codes one list may hold
    #[arg(
        long,
        env = "COUPONRY_LIST_CODES",
        global = true,
        value_name = "N",
        default_value = "100000000"
    )]
    pub(crate) list_codes: String,

    /// Mail relay: smtp://user:password@host:587 or smtps://…; absent: mails wait
    #[arg(
        long,
        env = "COUPONRY_SMTP_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub(crate) smtp_url: Option<SecretString>,

    /// File that holds the mail relay's URL
    #[arg(long, env = "COUPONRY_SMTP_URL_FILE", global = true, value_name = "FILE")]
    pub(crate) smtp_url_file: Option<PathBuf>,

    /// Sender of mails: an address, or a name and an address in angle brackets
    #[arg(long, env = "COUPONRY_MAIL_FROM", global = true, value_name = "MAILBOX")]
    pub(crate) mail_from: Option<String>,

    /// Domains that alerts and reports may be mailed to, comma-separated; absent: any
    #[arg(long, env = "COUPONRY_MAIL_DOMAINS", global = true, value_name = "DOMAINS")]
    pub(crate) mail_domains: Option<String>,

    /// The largest mail that a report is attached to, in bytes, encoded; beyond it the mail has a link
    #[arg(
        long,
        env = "COUPONRY_MAIL_ATTACHMENT_BYTES",
        global = true,
        value_name = "BYTES",
        default_value = "10000000"
    )]
    pub(crate) mail_attachment_bytes: String,

    /// Whether usage reports have the columns Locale and Variation too
    #[arg(
        long,
        env = "COUPONRY_REPORT_VARIATIONS",
        global = true,
        value_name = "on|off",
        default_value = "off"
    )]
    pub(crate) report_variations: String,

    /// The web console under /console: with everything, without changes, or not at all
    #[arg(
        long,
        env = "COUPONRY_CONSOLE",
        global = true,
        value_name = "on|read-only|off",
        default_value = "on"
    )]
    pub(crate) console: String,

    #[command(flatten)]
    pub(crate) sign_ins: SignInVariables,

    /// Whether the rate limits hold
    #[arg(
        long,
        env = "COUPONRY_RATE_LIMITS",
        global = true,
        value_name = "on|off",
        default_value = "on"
    )]
    pub(crate) rate_limits: String,

    #[command(flatten)]
    pub(crate) rates: RateVariables,

    #[command(flatten)]
    pub(crate) door: DoorVariables,

    /// Requests a second that this process takes from one address
    #[arg(
        long,
        env = "COUPONRY_ADDRESS_REQUESTS",
        global = true,
        value_name = "N|off",
        default_value = "off"
    )]
    pub(crate) address_requests: String,

    /// The most lists one workspace may have, in whatever state
    #[arg(
        long,
        env = "COUPONRY_WORKSPACE_LISTS",
        global = true,
        value_name = "N|off",
        default_value = "off"
    )]
    pub(crate) workspace_lists: String,

    /// What is logged, as a tracing filter: `info`, `warn,storage=debug`, …
    #[arg(
        long,
        env = "COUPONRY_LOG",
        global = true,
        value_name = "FILTER",
        default_value = "info"
    )]
    pub(crate) log: String,
}
