//! What each variable may say. The complaints do not name it: [`super::Problems::keep`] does.

use std::{net::SocketAddr, num::NonZeroU32, path::Path};

use domain::WorkspaceId;
use ingestion::outbound::AddressPolicy;
use jiff::tz::TimeZone;
use reporting::{Relay, RelayError};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use storage::AfterPromotion;
use tracing_subscriber::EnvFilter;

use super::{
    Variables, secret,
    settings::{Bootstrap, Role},
};

pub(super) fn database_url(said: &Variables) -> Result<Option<SecretString>, String> {
    let url = secret::read(said.database_url.as_ref(), said.database_url_file.as_deref())?;
    url.map(postgres_url).transpose()
}

pub(super) fn direct_url(said: &Variables) -> Result<Option<SecretString>, String> {
    beside_database_url(
        said,
        said.database_direct_url.as_ref(),
        said.database_direct_url_file.as_deref(),
    )
}

pub(super) fn read_url(said: &Variables) -> Result<Option<SecretString>, String> {
    beside_database_url(
        said,
        said.database_read_url.as_ref(),
        said.database_read_url_file.as_deref(),
    )
}

/// Another way to the database, which means something only beside the usual one.
fn beside_database_url(
    said: &Variables,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, String> {
    let url = secret::read(value, file)?;
    if url.is_some() && said.database_url.is_none() && said.database_url_file.is_none() {
        return Err("is set without DATABASE_URL".to_owned());
    }
    url.map(postgres_url).transpose()
}

/// What people may do at the console; nothing where there is none.
pub(super) fn console(said: &str) -> Result<Option<console::Mode>, String> {
    match said {
        "on" => Ok(Some(console::Mode::On)),
        "read-only" => Ok(Some(console::Mode::ReadOnly)),
        "off" => Ok(None),
        _ => Err("must be on, read-only or off".to_owned()),
    }
}

/// The URL holds a password, so the complaint never quotes it.
fn postgres_url(url: SecretString) -> Result<SecretString, String> {
    let scheme = url.expose_secret().split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some("postgres" | "postgresql") => Ok(url),
        _ => Err("must look like postgres://user:password@host:5432/database".to_owned()),
    }
}

pub(super) fn after_promotion(text: &str) -> Result<AfterPromotion, String> {
    match text {
        "pause" => Ok(AfterPromotion::Pause),
        "continue" => Ok(AfterPromotion::Continue),
        _ => Err(format!("must be pause or continue, not \"{text}\"")),
    }
}

pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("must be on or off, not \"{text}\"")),
    }
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("must be an IP address with a port, such as 127.0.0.1:8080, not \"{text}\""))
}

pub(super) fn public_url(text: Option<&str>) -> Result<Option<Url>, String> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || format!("must be a URL such as https://coupons.example.com, not \"{text}\"");
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    Ok(Some(url))
}

pub(super) fn bootstrap_id(said: &Variables) -> Result<Option<WorkspaceId>, String> {
    let id = secret::read(
        said.bootstrap_workspace_id.as_ref(),
        said.bootstrap_workspace_id_file.as_deref(),
    )?;
    id.map(|id| WorkspaceId::new(id.expose_secret()))
        .transpose()
        .map_err(|error| error.to_string())
}

pub(super) fn bootstrap_key(said: &Variables) -> Result<Option<SecretString>, String> {
    secret::read_api_key(
        said.bootstrap_api_key.as_ref(),
        said.bootstrap_api_key_file.as_deref(),
    )
}

/// Two settings that mean something together only. One that could not be read has been complained of already.
#[allow(
    clippy::option_option,
    reason = "outside: could it be read; inside: was it said"
)]
pub(super) fn pair(
    id: Option<Option<WorkspaceId>>,
    key: Option<Option<SecretString>>,
) -> Result<Option<Bootstrap>, &'static str> {
    match (id.flatten(), key) {
        (Some(workspace_id), Some(Some(api_key))) => Ok(Some(Bootstrap {
            workspace_id,
            api_key,
        })),
        (Some(_), Some(None)) => Err("is set without COUPONRY_BOOTSTRAP_API_KEY"),
        (None, Some(Some(_))) => Err("is not set, but COUPONRY_BOOTSTRAP_API_KEY is"),
        _ => Ok(None),
    }
}

pub(super) fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("must be the name of a time zone, such as Europe/Berlin, not \"{name}\""))
}

pub(super) fn allowed(said: &Variables) -> Result<AddressPolicy, String> {
    let text = said.outbound_allow.as_deref().unwrap_or_default();
    text.parse()
        .map_err(|error| format!("is a list of addresses and networks: {error}"))
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    match text {
        "api" => Ok(Role::Api),
        "worker" => Ok(Role::Worker),
        "all" => Ok(Role::All),
        _ => Err(format!("must be api, worker or all, not \"{text}\"")),
    }
}

pub(super) fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("must be a whole number from {least} to {most}, not \"{text}\""))
}

pub(super) fn smtp_url(said: &Variables) -> Result<Option<SecretString>, String> {
    secret::read(said.smtp_url.as_ref(), said.smtp_url_file.as_deref())
}

/// The relay and the sender mean something together only. A URL that could not be read has been complained of already.
#[allow(
    clippy::option_option,
    reason = "outside: could it be read; inside: was it said"
)]
pub(super) fn mail(url: Option<Option<SecretString>>, from: Option<&str>) -> Result<Option<Relay>, String> {
    match (url, from) {
        (Some(Some(url)), Some(from)) => Relay::new(&url, from).map(Some).map_err(|error| match error {
            RelayError::From => error.to_string(),
            _ => format!("belongs to COUPONRY_SMTP_URL, which {error}"),
        }),
        (Some(Some(_)), None) => Err("is not set, but COUPONRY_SMTP_URL is".to_owned()),
        (Some(None), Some(_)) => Err("is set without COUPONRY_SMTP_URL".to_owned()),
        _ => Ok(None),
    }
}

pub(super) fn number_or_off(text: &str) -> Result<Option<NonZeroU32>, String> {
    match text {
        "off" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| format!("must be off or a whole number from 1, not \"{text}\"")),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map_err(|error| format!("is not a log filter: {error}"))?;
    Ok(text.to_owned())
}
