//! E-mail addresses of a request.

use domain::{MailDomains, Subscribers};

use crate::{error::ApiError, fields::Field};

/// Refuses addresses that this server may not mail to.
pub(crate) fn refuse_outside<T>(
    field: &Field<T>,
    addresses: &Subscribers,
    domains: &MailDomains,
) -> Result<(), ApiError> {
    match domains.first_outside(addresses) {
        Some(_) => Err(field.wrong("must hold addresses of the domains that this server may mail to")),
        None => Ok(()),
    }
}
