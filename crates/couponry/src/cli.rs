//! The command line: a closed set of subcommands, each with a file under `commands/`.

use clap::{Parser, Subcommand};

use crate::{
    commands::{
        backup, database, demo, doctor, healthcheck, key, openapi, person, restore, serve, workspace_create,
    },
    config::Variables,
};

/// Self-hosted coupon service with the MoEngage coupon API
#[derive(Debug, Parser)]
#[command(name = "couponry", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) variables: Variables,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer the API and work through background jobs, after applying pending migrations
    Serve(serve::Arguments),
    /// Apply pending migrations and end
    Migrate,
    /// Manage workspaces (tenants)
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Manage the API keys of a workspace
    #[command(subcommand)]
    Key(key::Command),
    /// Manage who signs in to the console
    #[command(subcommand)]
    Person(person::Command),
    /// Write a dump of the database to a file, while everything runs
    Backup(backup::Arguments),
    /// Fill an empty database, or a new private PostgreSQL, from a dump of `couponry backup`
    Restore(restore::Arguments),
    /// Say that the database may hand out codes again after a failover or a restore
    #[command(subcommand)]
    Database(database::Command),
    /// Show the whole product on a real 100 MB file, then stay up
    Demo(demo::Arguments),
    /// Look at a deployment, change nothing, and say what to change and why; exit with 0, or 1 if there is a problem
    Doctor(doctor::Arguments),
    /// Ask the server on its listen address, a worker on that of its metrics, whether it is well; exit with 0 or 1
    Healthcheck(healthcheck::Arguments),
    /// Print the OpenAPI document; needs no settings and no database
    Openapi(openapi::Arguments),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace and print its id and API key as one JSON object; the key is shown this once
    Create(workspace_create::Arguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting and what is wrong; exit with 0 or 2
    Check,
}
