//! `couponry demo`: the whole product in a minute, by its public API, and then a server to play with.

mod progress;
mod screen;
mod story;

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use demo::client::Client;
use secrecy::ExposeSecret as _;

use crate::{
    config::{Settings, Variables},
    public_url::public_url,
    service::Service,
    signals::Signals,
};

/// With one request; the largest one asks for ten thousand codes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Who looks at the console by the link at the end.
const VISITOR: &str = "visitor@demo.example.com";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A file of 1.4 MB instead of 100 MB
    #[arg(long)]
    quick: bool,

    /// End after the demonstration instead of staying up
    #[arg(long)]
    exit: bool,
}

/// What the demonstration needs beyond what was said: another port if somebody has this one, leave to fetch files from
/// this machine, and a workspace nobody has used. It talks to a person, so log lines nobody asked for stay out.
pub(crate) fn prepare(variables: &mut Variables, log_was_set: bool) {
    if TcpListener::bind(&variables.listen).is_err() {
        "127.0.0.1:0".clone_into(&mut variables.listen);
    }
    let allowed = variables.outbound_allow.take().unwrap_or_default();
    variables.outbound_allow = Some(format!("{allowed},127.0.0.1"));
    let [id, key, more] = rand::random::<[u128; 3]>();
    variables.bootstrap_workspace_id = Some(format!("demo-{id:032x}").into());
    variables.bootstrap_workspace_id_file = None;
    variables.bootstrap_api_key = Some(format!("{key:032x}{more:032x}").into());
    variables.bootstrap_api_key_file = None;
    if !log_was_set {
        // The demonstration has a link of its own to the console.
        "warn,couponry::opening=error".clone_into(&mut variables.log);
    }
}

pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    screen::title();
    let started = Instant::now();
    let service = tokio::select! {
        service = Service::start(settings) => service?,
        _ = signals.next() => return Ok(()),
    };
    screen::step(started.elapsed(), "PostgreSQL and the server are up");
    let outcome = tokio::select! {
        outcome = tell(arguments, settings, &service) => outcome,
        reason = service.ended() => Err(anyhow!("{reason}")),
        _ = signals.next() => Ok(()),
    };
    service.finish(None, &mut signals).await;
    outcome
}

/// Ends only when it failed, or was told to end.
async fn tell(arguments: &Arguments, settings: &Settings, service: &Service) -> anyhow::Result<()> {
    let workspace = settings
        .bootstrap
        .as_ref()
        .context("there is no workspace to show")?;
    let address = service
        .address()
        .context("COUPONRY_ROLE is worker: there is no API to show")?;
    let client = Client::new(
        address,
        workspace.workspace_id.as_str(),
        workspace.api_key.expose_secret(),
        PATIENCE,
    )?;
    let told = story::tell(&client, &settings.time_zone, arguments.quick).await;
    let list = told.context("the demonstration failed")?;
    if !arguments.exit {
        screen::farewell(&public_url(settings, address), workspace, &list);
        if let Some(link) = service.sign_in_link(settings, VISITOR, "Visitor").await? {
            screen::console(&link);
        }
        std::future::pending::<()>().await;
    }
    Ok(())
}
