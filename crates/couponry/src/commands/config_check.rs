//! `couponry config check`: every setting as it stands, and all that is wrong.

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::{
    config::{self, Problems, Settings},
    private_postgres::PrivatePostgres,
};

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(crate) fn run(
    command: &Command,
    matches: &ArgMatches,
    environment: &[(String, String)],
    judged: Result<Settings, Problems>,
) -> ExitCode {
    print!(
        "{}{}",
        config::report(command, matches),
        config::report_otlp(environment)
    );
    match judged.map_err(Into::into).and_then(database_can_be_had) {
        Ok(()) => {
            println!("\nThe configuration is in order.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("\n{error}");
            ExitCode::from(2)
        }
    }
}

/// Without a `DATABASE_URL` the start depends on this machine.
fn database_can_be_had(settings: Settings) -> anyhow::Result<()> {
    match settings.database_url {
        Some(_) => Ok(()),
        None => PrivatePostgres::check(settings.data_dir.as_deref(), settings.pg_bin_dir.as_deref()),
    }
}
