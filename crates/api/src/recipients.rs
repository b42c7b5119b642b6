//! E-mail addresses of a request.

use domain::{MailDomains, Subscribers};

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
};

/// The addresses under this key, if it is there.
pub(crate) fn recipients(
    fields: &Fields,
    key: &str,
    domains: &MailDomains,
) -> Result<Option<Subscribers>, ApiError> {
    let Some(addresses) = fields.texts(key)? else {
        return Ok(None);
    };
    let subscribers = Subscribers::new(addresses).map_err(|error| wrong(key, error))?;
    if domains.first_outside(&subscribers).is_some() {
        return Err(wrong(
            key,
            "must hold addresses of the domains that this server may mail to",
        ));
    }
    Ok(Some(subscribers))
}
