//! `couponry doctor`: looks at a deployment and says what to change, and why. It changes nothing.

mod activity;
mod database;
mod finding;
mod replica;
mod server_settings;
mod stored;
mod surroundings;

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use self::finding::{Finding, Level};
use crate::config::Settings;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,

    /// For how long a transaction may be open
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    transaction_seconds: u64,

    /// The variables that name a file with a secret, and the files
    #[arg(skip)]
    pub(crate) secret_files: Vec<(String, PathBuf)>,
}

#[derive(Serialize)]
struct Report<'a> {
    problems: usize,
    hints: usize,
    findings: &'a [Finding],
}

/// # Errors
/// If there is a problem.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let patience = Duration::from_secs(arguments.transaction_seconds);
    let (database, surroundings) = tokio::join!(
        database::look(settings, patience),
        surroundings::look(settings, &arguments.secret_files)
    );
    let mut findings = [database, surroundings].concat();
    findings.sort_by_key(|finding| finding.level as u8);
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let report = Report {
        problems: count(Level::Problem),
        hints: count(Level::Hint),
        findings: &findings,
    };
    print(&report, arguments.json)?;
    match report.problems {
        0 => Ok(()),
        1 => bail!("there is a problem"),
        problems => bail!("there are {problems} problems"),
    }
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn print(report: &Report<'_>, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    for finding in report.findings {
        let level = match finding.level {
            Level::Problem => "PROBLEM",
            Level::Hint => "hint",
            Level::Fine => "fine",
        };
        let prefix = if finding.what.starts_with(finding.check) {
            String::new()
        } else {
            format!("{}: ", finding.check)
        };
        println!("{level:8} {prefix}{}", finding.what);
        if let (Some(why), Some(change)) = (finding.why, &finding.change) {
            println!("         why:    {why}\n         change: {change}");
        }
    }
    println!(
        "problems: {}, hints: {}, fine: {}",
        report.problems,
        report.hints,
        report.findings.len() - report.problems - report.hints
    );
    Ok(())
}
