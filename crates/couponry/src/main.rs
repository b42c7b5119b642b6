//! The program: reads its configuration, wires the crates, runs the processes.

mod cli;
mod commands;
mod config;
mod database;
mod dumps;
mod http;
mod listening;
mod open_files;
mod opening;
mod pages;
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
use telemetry::Telemetry;

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
    let environment = environment();
    let judged = Settings::judge(&cli.variables, &config::known_variables(&command), &environment);
    if let Command::Config(ConfigCommand::Check) = cli.command {
        return commands::config_check::run(&command, &matches, &environment, judged);
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
    let outcome = match start_telemetry(&cli.command, &settings).await {
        Ok(telemetry) => {
            let outcome = Box::pin(run(cli.command, settings)).await;
            telemetry.stop().await;
            outcome
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("couponry: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

/// A server has all of it, other commands a log.
async fn start_telemetry(command: &Command, settings: &Settings) -> anyhow::Result<Telemetry> {
    match command {
        Command::Serve(_) | Command::Demo(_) => {
            Telemetry::start(&settings.telemetry.log, &settings.telemetry.otlp).await
        }
        _ => Ok(Telemetry::log(&settings.telemetry.log)),
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
        Command::Database(command) => commands::database::run(command, &settings).await,
        Command::Demo(arguments) => commands::demo::run(&arguments, &settings).await,
        Command::Doctor(arguments) => Box::pin(commands::doctor::run(&arguments, &settings)).await,
        Command::Healthcheck(arguments) => commands::healthcheck::run(&arguments, &settings),
        // Answered before there are settings.
        Command::Config(ConfigCommand::Check) | Command::Openapi(_) => Ok(()),
    }
}
