//! What is round the server: its address, the relay, who stands before it, files with secrets.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use ingestion::outbound::client_of_named_hosts;
use reqwest::Url;
use tokio::time::timeout;

use super::finding::Finding;
use crate::{commands::healthcheck, config::Settings};

/// For a relay, signing in included, and for an answer over HTTP.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn look(settings: &Settings, secret_files: &[(String, PathBuf)]) -> Vec<Finding> {
    let (relay, server, outside) = tokio::join!(relay(settings), server(settings), outside(settings));
    let secrets = secret_files.iter().map(|(variable, file)| secret(variable, file));
    [relay]
        .into_iter()
        .chain(server)
        .chain(outside)
        .chain(proxies(settings))
        .chain(secrets)
        .collect()
}

/// Greets it and signs in; sends nothing.
async fn relay(settings: &Settings) -> Finding {
    let Some(relay) = &settings.mails.relay else {
        return Finding::hint(
            "relay",
            "COUPONRY_SMTP_URL is not set",
            "no alert of a list that runs dry is mailed; reports can be downloaded all the same",
            "set COUPONRY_SMTP_URL and COUPONRY_MAIL_FROM",
        );
    };
    let answer = timeout(PATIENCE, relay.check()).await;
    match answer.unwrap_or_else(|_| Err("does not answer".to_owned())) {
        Ok(()) => Finding::fine("relay", "it answers, and takes what is signed in with"),
        Err(reason) => Finding::problem(
            "relay",
            format!("the mail relay {reason}"),
            "alerts and reports are not mailed; they wait for three days",
            "see COUPONRY_SMTP_URL, and whether this machine may reach the relay",
        ),
    }
}

/// Whether one listens here: the doctor may well be called on another machine.
async fn server(settings: &Settings) -> Option<Finding> {
    let listen = settings.probes_listen().filter(|listen| listen.port() != 0)?;
    let asked = tokio::task::spawn_blocking(move || healthcheck::status(listen, "/readyz")).await;
    Some(match asked.ok()? {
        Ok(status) if status == "200" => Finding::fine("server", format!("the one on {listen} is ready")),
        Ok(status) => Finding::problem(
            "server",
            format!("/readyz on {listen} answers {status}"),
            "a balancer sends it no requests, and a container of it is unhealthy",
            "see its log: it waits for the database or for migrations, or another program listens there",
        ),
        Err(_) => Finding::hint(
            "server",
            format!("none answers on {listen}"),
            "here none runs with these settings, so nothing is known of it",
            "start couponry serve, or ask where it runs, with the settings it has",
        ),
    })
}

async fn outside(settings: &Settings) -> Option<Finding> {
    const CHECK: &str = "public_url";
    if !settings.role.answers() && settings.mails.relay.is_none() {
        return None;
    }
    let Some(url) = &settings.public_url else {
        return Some(
            Finding::hint(
                CHECK,
                "COUPONRY_PUBLIC_URL is not set",
                "links in mails and to the console lead to the listen address",
                "set it to how people reach the server",
            )
            .unless(settings.listen.ip().is_loopback() && settings.mails.relay.is_none()),
        );
    };
    if is_loopback(url) {
        return Some(
            Finding::hint(
                CHECK,
                format!("{url} leads to this machine only"),
                "links in mails do not open anywhere else",
                "set COUPONRY_PUBLIC_URL to how people reach the server",
            )
            .unless(settings.mails.relay.is_none()),
        );
    }
    if url.scheme() == "http" {
        return Some(Finding::problem(
            CHECK,
            format!("{url} is not https"),
            "API keys and codes go over the network for everybody to read",
            "put a reverse proxy with TLS before the server, and name it by https://",
        ));
    }
    Some(match reach(url).await {
        Ok(200) => Finding::fine(CHECK, format!("{url} leads to a couponry")),
        Ok(status) => Finding::hint(
            CHECK,
            format!("{url} answers {status} to /healthz"),
            "something else may be there, or a proxy that lets only some paths pass",
            "see whether links in mails open",
        ),
        Err(reason) => Finding::hint(
            CHECK,
            format!("{url} cannot be reached from here: {reason}"),
            "links in mails lead there; some networks do not let a machine reach itself by its outer name",
            "open it from outside",
        ),
    })
}

async fn reach(url: &Url) -> Result<u16, String> {
    let client = client_of_named_hosts().map_err(|error| error.to_string())?;
    let path = format!("{}/healthz", url.as_str().trim_end_matches('/'));
    let answer = timeout(PATIENCE, client.get(path).send()).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        Ok(Err(error)) if error.is_timeout() => Err("no answer in time".to_owned()),
        Ok(Err(_)) => Err("no connection, or a certificate that is not trusted here".to_owned()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn proxies(settings: &Settings) -> Option<Finding> {
    const CHECK: &str = "trusted_proxies";
    let proxies = &settings.door.proxies;
    if proxies.trust_everybody() {
        return Some(Finding::problem(
            CHECK,
            "COUPONRY_TRUSTED_PROXIES names every address",
            "whoever sends X-Forwarded-For is who he says, so limits by address count nobody",
            "name the proxies only",
        ));
    }
    let behind_one = settings
        .public_url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https");
    (behind_one && settings.role.answers()).then(|| {
        Finding::hint(
            CHECK,
            if proxies.is_empty() {
                "https ends before the server, and COUPONRY_TRUSTED_PROXIES is not set"
            } else {
                "they are named"
            },
            "all requests seem to come from the proxy: limits by address, and half of all connections, are the proxy's",
            "set COUPONRY_TRUSTED_PROXIES to the proxy's address",
        )
        .unless(!proxies.is_empty())
    })
}

fn secret(variable: &str, file: &Path) -> Finding {
    const CHECK: &str = "secret_files";
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) => {
            return Finding::problem(
                CHECK,
                format!("{variable}: {} cannot be read: {error}", file.display()),
                "the next start fails",
                "put the file back",
            );
        }
    };
    let mode = metadata.permissions().mode() & 0o777;
    let what = format!(
        "{variable}: {} has mode {mode:o} and is user {}'s",
        file.display(),
        metadata.uid()
    );
    let change = format!("chmod 600 {}, for the user of the server", file.display());
    if mode & 0o022 != 0 {
        Finding::problem(
            CHECK,
            what,
            "others may put their own secret in its place",
            change,
        )
    } else {
        Finding::hint(
            CHECK,
            what,
            "every user of the machine may read it; within a container of its own that is nobody else",
            change,
        )
        .unless(mode & 0o004 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Level;

    #[test]
    fn a_file_that_others_may_read_or_write_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, level) in [
            (0o600, Level::Fine),
            (0o640, Level::Fine),
            (0o644, Level::Hint),
            (0o666, Level::Problem),
        ] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(secret("DATABASE_URL_FILE", file.path()).level, level, "{mode:o}");
        }
        assert_eq!(
            secret("DATABASE_URL_FILE", Path::new("/does/not/exist")).level,
            Level::Problem
        );
    }
}
