//! The program: reads its configuration, wires the crates, runs the processes.

mod cli;
mod commands;
mod config;
mod database;
mod dumps;
mod http;
mod open_files;
mod opening;
mod pools;
mod private_postgres;
mod public_url;
mod reminder;
mod service;
mod signals;
mod telemetry;
mod workers;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, parser::ValueSource};

use cli::{Cli, Command, ConfigCommand, WorkspaceCommand};
use config::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::command();
    let matches = command.clone().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Command::Demo(_) = cli.command {
        let log_was_set = matches.value_source("log") != Some(ValueSource::DefaultValue);
        commands::demo::prepare(&mut cli.variables, log_was_set);
    }
    if let Command::Serve(serve) = &mut cli.command
        && let Some(role) = serve.role.take()
    {
        cli.variables.role = role;
    }
    if let Command::Openapi(arguments) = &cli.command {
        return commands::openapi::run(arguments);
    }
    let environment = || std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let judged = Settings::judge(&cli.variables, &config::known_variables(&command), environment());
    if let Command::Config(ConfigCommand::Check) = cli.command {
        return commands::config_check::run(&command, &matches, judged);
    }
    let settings = match judged {
        Ok(settings) => settings,
        Err(problems) => {
            eprintln!("couponry: {problems}");
            return ExitCode::from(2);
        }
    };
    if let Command::Doctor(doctor) = &mut cli.command {
        doctor.secret_files = config::secret_files(&command, &matches);
    }
    telemetry::start(&settings.log);
    match run(cli.command, settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("couponry: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, settings: Settings) -> anyhow::Result<()> {
    match command {
        Command::Serve(_) => commands::serve::run(&settings).await,
        Command::Migrate => commands::migrate::run(&settings).await,
        Command::Workspace(WorkspaceCommand::Create(arguments)) => {
            commands::workspace_create::run(arguments, &settings).await
        }
        Command::Key(command) => commands::key::run(command, &settings).await,
        Command::Person(command) => commands::person::run(command, &settings).await,
        Command::Backup(arguments) => {
            dumps::unless_interrupted(Box::pin(commands::backup::run(&arguments, &settings))).await
        }
        Command::Restore(arguments) => {
            dumps::unless_interrupted(Box::pin(commands::restore::run(&arguments, &settings))).await
        }
        Command::Demo(arguments) => commands::demo::run(&arguments, &settings).await,
        Command::Doctor(arguments) => Box::pin(commands::doctor::run(&arguments, &settings)).await,
        Command::Healthcheck(arguments) => commands::healthcheck::run(&arguments, &settings),
        // Answered before there are settings.
        Command::Config(ConfigCommand::Check) | Command::Openapi(_) => Ok(()),
    }
}
