//! Whatever goes wrong with a request becomes one of a fixed list, so that no remote text gets out.

use std::{error::Error, io, iter};

use domain::LoadFailure;
use rustls::CertificateError;

use super::resolver::ResolveError;

/// Why a request got no answer.
pub(super) fn of_request(error: &reqwest::Error) -> LoadFailure {
    let causes = || iter::successors(error.source(), |&cause| cause.source());
    if let Some(refusal) = causes().find_map(|cause| cause.downcast_ref()) {
        return match refusal {
            ResolveError::NotAllowed => LoadFailure::AddressNotAllowed,
            ResolveError::NotFound => LoadFailure::HostNotFound,
        };
    }
    if let Some(error) = causes().find_map(tls) {
        return of_tls(error);
    }
    if error.is_connect() || error.is_timeout() || causes().any(<dyn Error>::is::<io::Error>) {
        return LoadFailure::Unreachable;
    }
    LoadFailure::BadAnswer
}

/// An `io::Error` answers for its content's source, never for the content itself: that has to be asked for, and may be
/// an `io::Error` again.
fn tls<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(content) => tls(content),
        None => cause.downcast_ref(),
    }
}

fn of_tls(error: &rustls::Error) -> LoadFailure {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        Revoked, UnknownIssuer,
    };
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return LoadFailure::NoTls,
        _ => return LoadFailure::Tls,
    };
    LoadFailure::Certificate(match certificate {
        Expired | ExpiredContext { .. } => "it has expired",
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet",
        NotValidForName | NotValidForNameContext { .. } => "it is for another host name",
        Revoked => "it was revoked",
        UnknownIssuer => {
            "its issuer is not known (it is self-signed, or the host does not send all of its chain)"
        }
        _ => "it is not one for a server, or faulty (perhaps self-signed)",
    })
}

/// Whether another try may go better: nothing was connected, or the host said so itself.
pub(super) fn may_pass(failure: &LoadFailure) -> bool {
    matches!(
        failure,
        LoadFailure::HostNotFound | LoadFailure::Unreachable | LoadFailure::HostStatus(429 | 502 | 503 | 504)
    )
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn a_certificate_is_told_with_what_is_wrong_with_it() {
        let then = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
        let expected = ServerName::try_from("files.example.com").unwrap();
        for (error, why) in [
            (CertificateError::Expired, "it has expired"),
            (
                CertificateError::ExpiredContext {
                    time: then,
                    not_after: then,
                },
                "it has expired",
            ),
            (
                CertificateError::NotValidYetContext {
                    time: then,
                    not_before: then,
                },
                "it is not valid yet",
            ),
            (
                CertificateError::NotValidForNameContext {
                    expected,
                    presented: Vec::new(),
                },
                "it is for another host name",
            ),
            (
                CertificateError::UnknownIssuer,
                "its issuer is not known (it is self-signed, or the host does not send all of its chain)",
            ),
            (
                CertificateError::BadEncoding,
                "it is not one for a server, or faulty (perhaps self-signed)",
            ),
        ] {
            let error = rustls::Error::InvalidCertificate(error);
            assert_eq!(of_tls(&error), LoadFailure::Certificate(why));
            // As the client wraps it.
            let wrapped = io::Error::other(io::Error::other(error));
            assert!(tls(&wrapped).is_some());
        }
        let none = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert_eq!(of_tls(&none), LoadFailure::NoTls);
        assert_eq!(of_tls(&rustls::Error::NoApplicationProtocol), LoadFailure::Tls);
    }
}
