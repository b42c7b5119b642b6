//! `couponry serve`: the API and the background workers, until a signal.

use anyhow::bail;
use clap::Args;

use crate::{config::Settings, service::Service, signals::Signals};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What this process does, before `COUPONRY_ROLE`: answer the API, work through background jobs, or both
    #[arg(long, value_name = "api|worker|all")]
    pub(crate) role: Option<String>,
}

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let service = tokio::select! {
        service = Service::start(settings) => service?,
        // Nothing has been promised yet; a private PostgreSQL ends with this process.
        _ = signals.next() => return Ok(()),
    };
    let (why, failure) = tokio::select! {
        signal = signals.next() => (Some(signal), None),
        reason = service.ended() => (None, Some(reason)),
    };
    service.finish(why, &mut signals).await;
    match failure {
        Some(reason) => bail!("{reason}"),
        None => Ok(()),
    }
}
