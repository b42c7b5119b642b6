//! Whatever goes wrong with a request becomes one of a fixed list, so that no remote text gets out.

use std::{error::Error, io, iter};

use domain::LoadFailure;

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
    if causes().any(is_tls) {
        return LoadFailure::Tls;
    }
    if error.is_connect() || error.is_timeout() || causes().any(<dyn Error>::is::<io::Error>) {
        return LoadFailure::Unreachable;
    }
    LoadFailure::BadAnswer
}

/// An `io::Error` answers for its content's source, never for the content itself: that has to be asked for, and may be
/// an `io::Error` again.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(content) => is_tls(content),
        None => cause.is::<rustls::Error>(),
    }
}

/// Whether another try may go better: nothing was connected, or the host said so itself.
pub(super) fn may_pass(failure: &LoadFailure) -> bool {
    matches!(
        failure,
        LoadFailure::HostNotFound | LoadFailure::Unreachable | LoadFailure::HostStatus(429 | 502 | 503 | 504)
    )
}
