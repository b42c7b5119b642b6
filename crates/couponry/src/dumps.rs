//! PostgreSQL's `pg_dump` and `pg_restore`, run for a database: how they reach it, how far they are, what they complain of.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    process::Command,
    time::{Instant, interval},
};

use crate::{private_postgres::ClientProgram, signals::Signals};

/// Where standard error is no terminal, a line in so long.
const NEWS: Duration = Duration::from_secs(10);
/// How many complaints of a program are passed on.
const MOST_COMPLAINTS: usize = 3;

/// A connection that nobody answers on any more ends by itself; a URL may say otherwise.
const KEEPALIVES: [&str; 4] = [
    "keepalives_idle=30",
    "keepalives_interval=10",
    "keepalives_count=3",
    "connect_timeout=10",
];

/// The program with the database, and the password where no other user of the machine sees it.
pub(crate) fn command(program: &ClientProgram, url: &SecretString) -> anyhow::Result<Command> {
    let (url, password) = for_libpq(url)?;
    let mut command = Command::new(&program.path);
    command
        .arg(format!("--dbname={url}"))
        .arg("--no-password")
        .env("PGAPPNAME", "couponry backup")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        // Whoever is interrupted leaves none behind.
        .kill_on_drop(true)
        // Ctrl-C reaches it through us, when there is nothing half-written any more.
        .process_group(0);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

/// The work, unless a signal comes: then what was begun is dropped, and takes its programs and files with it.
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = work => done,
        _ = signals.next() => bail!("interrupted: it is done whole or not at all"),
    }
}

/// Runs it to its end.
pub(crate) async fn run(
    mut command: Command,
    what: &str,
    bytes: impl Fn() -> Option<u64>,
) -> anyhow::Result<Output> {
    let name = name_of(&command);
    let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    let ending = child.wait_with_output();
    tokio::pin!(ending);
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    let (started, mut said) = (Instant::now(), Instant::now());
    let mut ticks = interval(Duration::from_millis(200));
    let output = loop {
        tokio::select! {
            ended = &mut ending => break ended.with_context(|| format!("cannot wait for {name}"))?,
            _ = ticks.tick() => {}
        }
        let so_far = bytes().map_or_else(String::new, |bytes| format!(" {},", size(bytes)));
        bar.set_message(format!("{what},{so_far}"));
        bar.tick();
        if bar.is_hidden() && said.elapsed() >= NEWS {
            said = Instant::now();
            eprintln!("{what},{so_far} {} s", started.elapsed().as_secs());
        }
    };
    bar.finish_and_clear();
    if !output.status.success() {
        bail!(
            "{name} failed ({}): {}",
            output.status,
            complaints(&output.stderr)
        );
    }
    Ok(output)
}

fn name_of(command: &Command) -> String {
    let program = Path::new(command.as_std().get_program());
    program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Without what surrounds an error: that quotes rows, which hold codes.
fn complaints(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let errors: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("error: ") || line.contains("detail: "))
        .take(MOST_COMPLAINTS)
        .collect();
    if errors.is_empty() {
        return "it gave no reason".to_owned();
    }
    errors.join("\n  ")
}

/// `12.3 MB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn size(bytes: u64) -> String {
    let mut number = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if number < 1000.0 {
            return if unit == "bytes" {
                format!("{bytes} bytes")
            } else {
                format!("{number:.1} {unit}")
            };
        }
        number /= 1000.0;
    }
    format!("{number:.1} TB")
}

/// Our URLs may have parameters that libpq has not, or has by another name.
fn for_libpq(url: &SecretString) -> anyhow::Result<(String, Option<String>)> {
    // Never quoted: it holds a password.
    let mut url = Url::parse(url.expose_secret()).context("the database's URL cannot be read")?;
    let mut password = url.password().map(percent_decoded);
    if password.is_some() {
        _ = url.set_password(None);
    }
    let mut parameters: Vec<String> = KEEPALIVES.map(str::to_owned).to_vec();
    for parameter in url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty())
    {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = match name {
            "password" => {
                password = Some(percent_decoded(value));
                continue;
            }
            "statement-cache-capacity" => continue,
            "ssl-mode" => "sslmode",
            "ssl-root-cert" | "ssl-ca" => "sslrootcert",
            "ssl-cert" => "sslcert",
            "ssl-key" => "sslkey",
            name => name,
        };
        parameters.push(format!("{name}={value}"));
    }
    url.set_query(Some(&parameters.join("&")));
    Ok((url.into(), password))
}

fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_the_url_and_decoded() {
        for (url, without, password) in [
            (
                "postgres://ann:p%40s+s@db.example.com:5433/shop?ssl-mode=verify-full&ssl-ca=%2Fca.pem",
                "postgres://ann@db.example.com:5433/shop?",
                Some("p@s+s"),
            ),
            (
                "postgres:///postgres?host=%2Ftmp%2Fa%20b&user=postgres&statement-cache-capacity=5",
                "postgres:///postgres?",
                None,
            ),
            (
                "postgres://db/shop?password=p%26",
                "postgres://db/shop?",
                Some("p&"),
            ),
        ] {
            let (libpq, secret) = for_libpq(&url.into()).unwrap();
            assert!(libpq.starts_with(without), "{libpq}");
            assert_eq!(secret.as_deref(), password);
            assert!(!libpq.contains("password") && !libpq.contains("cache"), "{libpq}");
        }
        let (libpq, _) = for_libpq(&"postgres://db/x?ssl-ca=%2Fca.pem&host=%2Ftmp%2Fa%20b".into()).unwrap();
        assert!(
            libpq.ends_with("sslrootcert=%2Fca.pem&host=%2Ftmp%2Fa%20b"),
            "{libpq}"
        );
    }

    #[test]
    fn a_complaint_quotes_no_row() {
        let said = "pg_restore: error: COPY failed for table \"ledger_3\": ERROR:  invalid byte\n\
                    CONTEXT:  COPY ledger_3, line 4: \"17\tBF20-WERT-NBVC\"\n";
        let complaint = complaints(said.as_bytes());
        assert!(
            complaint.contains("ledger_3") && !complaint.contains("BF20"),
            "{complaint}"
        );
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!(
            [size(999), size(1_500), size(12_345_678)],
            ["999 bytes", "1.5 kB", "12.3 MB"]
        );
    }
}
