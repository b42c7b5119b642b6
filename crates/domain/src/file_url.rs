//! Where a file is fetched from.

use std::fmt;

use secrecy::SecretString;
use url::{Host, ParseError, Url};

use crate::is_unseen;

/// An absolute `http` or `https` URL that may be fetched as far as its text tells; names are resolved and checked when
/// it is fetched. At most 2,048 bytes, no user information, no well-known service's port.
#[derive(Clone, PartialEq, Eq)]
pub struct FileUrl(Url);

/// Why a URL was refused; the sentence completes "'file_url' …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileUrlError {
    #[error("must be a complete URL like https://files.example.com/codes.csv")]
    NotAUrl,
    #[error("must not contain line ends, tabs or other control characters")]
    ControlCharacter,
    #[error("must not contain blanks; a blank within the URL is written %20")]
    Blank,
    #[error("must not be longer than 2048 bytes")]
    TooLong,
    #[error("must begin with http:// or https://")]
    Scheme,
    #[error("must not carry a user name or password")]
    UserInformation,
    #[error("must name its host after '//', as in https://files.example.com/codes.csv")]
    Host,
    #[error("must use port 80, 443 or one from 1024 to 65535 that no well-known service has")]
    Port,
}

/// Services that a GET must not reach even on a public address: databases, caches, remote shells, orchestration.
const SERVICE_PORTS: &[u16] = &[
    1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5433, 5672, 5984, 5985, 5986,
    6000, 6379, 6432, 6443, 7000, 7001, 8086, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672,
    27017, 50070,
];

impl FileUrl {
    pub fn new(text: &str) -> Result<Self, FileUrlError> {
        // Who copies a URL copies a blank with it.
        let text = text.trim_matches(is_unseen);
        if text.len() > 2048 {
            return Err(FileUrlError::TooLong);
        }
        // The URL standard drops tabs and line ends inside a URL; here they are a mistake or an attack.
        if text.chars().any(char::is_control) {
            return Err(FileUrlError::ControlCharacter);
        }
        let url = Url::parse(text).map_err(|error| match error {
            ParseError::RelativeUrlWithoutBase => FileUrlError::NotAUrl,
            ParseError::InvalidPort => FileUrlError::Port,
            _ if text.contains(char::is_whitespace) => FileUrlError::Blank,
            _ => FileUrlError::Host,
        })?;
        if text.contains(char::is_whitespace) {
            return Err(FileUrlError::Blank);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FileUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FileUrlError::UserInformation);
        }
        // The URL standard takes `http:///a/b` and `http:a/b` for `http://a/b`; whoever wrote them meant something else.
        let after_scheme = text
            .get(url.scheme().len()..)
            .and_then(|rest| rest.strip_prefix("://"));
        if url.host().is_none() || after_scheme.is_none_or(|rest| rest.starts_with(['/', '\\'])) {
            return Err(FileUrlError::Host);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !(matches!(port, 80 | 443) || port >= 1024) || SERVICE_PORTS.contains(&port) {
            return Err(FileUrlError::Port);
        }
        Ok(Self(url))
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The host, if its text alone shows that it is not public: a name without a dot, or one of a local domain.
    /// Literal addresses are judged by the outgoing client's rules.
    pub fn has_local_name(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                !name.contains('.')
                    || [".localhost", ".local", ".internal", ".home.arpa"]
                        .iter()
                        .any(|end| name.ends_with(end))
            }
            _ => false,
        }
    }

    /// The URL as answers, logs and mails may show it: without its query where that may hold a signature or a token.
    pub fn shown(&self) -> String {
        let mut url = self.0.clone();
        if url.query().is_some_and(may_hold_a_secret) {
            url.set_query(None);
        }
        url.set_fragment(None);
        url.into()
    }

    /// The last path segment, the name of a file that was given none; the host if the path is empty.
    pub fn last_segment(&self) -> String {
        let last = self
            .0
            .path_segments()
            .and_then(|mut segments| segments.next_back())
            .unwrap_or_default();
        if last.is_empty() {
            self.0.host_str().unwrap_or_default().to_owned()
        } else {
            last.to_owned()
        }
    }
}

fn may_hold_a_secret(query: &str) -> bool {
    const HINTS: &[&str] = &[
        "sig",
        "token",
        "key",
        "secret",
        "passw",
        "auth",
        "credential",
        "policy",
        "x-amz",
        "x-goog",
    ];
    let query = query.to_ascii_lowercase();
    HINTS.iter().any(|hint| query.contains(hint))
}

impl fmt::Debug for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The credentials for fetching a file: one value, since a password without a user name means nothing.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    pub username: String,
    pub password: SecretString,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_urls_are_refused_with_the_reason() {
        use FileUrlError::*;
        for (text, error) in [
            ("", NotAUrl),
            ("codes.csv", NotAUrl),
            ("not a URL", NotAUrl),
            ("www.a.de/x y", NotAUrl),
            ("//a.de/x", NotAUrl),
            ("http://", Host),
            ("http://[::1", Host),
            ("http://1.2.3.4.5/", Host),
            ("http://a.de:99999/", Port),
            ("http://a.de:port/", Port),
            ("http://a.de/\r\nHost: b", ControlCharacter),
            ("http://a.de/\tb", ControlCharacter),
            ("http://a.de/\0", ControlCharacter),
            ("http://a.de/my codes.csv", Blank),
            ("http://a .de/codes.csv", Blank),
            ("http://a.de/my\u{a0}codes.csv", Blank),
            ("ftp://a.de/x", Scheme),
            ("file:///etc/passwd", Scheme),
            ("https://u:p@a.de/x", UserInformation),
            ("https://u@a.de/x", UserInformation),
            ("http:///a.de/x", Host),
            ("http:a.de/x", Host),
            ("http://a.de:22/", Port),
            ("http://a.de:5432/", Port),
        ] {
            assert_eq!(FileUrl::new(text), Err(error), "{text:?}");
        }
        assert_eq!(
            FileUrl::new(&format!("http://a.de/{}", "x".repeat(2048))),
            Err(TooLong)
        );
        assert!(FileUrl::new("https://files.example.com:8443/codes.csv").is_ok());
    }

    #[test]
    fn blanks_round_a_url_do_not_matter() {
        let plain = FileUrl::new("https://a.de/my%20codes.csv");
        for text in [
            " https://a.de/my%20codes.csv\r\n",
            "\u{feff}https://a.de/my%20codes.csv\u{a0}",
        ] {
            assert_eq!(FileUrl::new(text), plain, "{text:?}");
        }
    }

    #[test]
    fn local_names_are_told_from_public_ones() {
        let local = |text: &str| FileUrl::new(text).unwrap().has_local_name();
        for text in [
            "http://localhost/",
            "http://LOCALHOST./",
            "http://db/",
            "http://a.internal/",
            "http://x.local/",
        ] {
            assert!(local(text), "{text}");
        }
        assert!(!local("http://example.com/"));
    }

    #[test]
    fn a_signature_is_not_shown() {
        let shown = |text: &str| FileUrl::new(text).unwrap().shown();
        assert_eq!(
            shown("https://a.de/c.csv?X-Amz-Signature=s3cret"),
            "https://a.de/c.csv"
        );
        assert_eq!(
            shown("https://a.de/c.csv?version=2"),
            "https://a.de/c.csv?version=2"
        );
        assert_eq!(
            format!("{:?}", FileUrl::new("https://a.de/c?sig=x").unwrap()),
            "https://a.de/c"
        );
    }

    #[test]
    fn the_last_segment_names_the_file() {
        let name = |text: &str| FileUrl::new(text).unwrap().last_segment();
        assert_eq!(name("https://a.de/x/codes.csv?v=1"), "codes.csv");
        assert_eq!(name("https://a.de/"), "a.de");
    }
}
