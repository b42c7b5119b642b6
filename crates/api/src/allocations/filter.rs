//! Which hand-outs are meant, by the parameters of a query.

use domain::parse_instant;
use storage::HandOutFilter;

use super::recipient::NOT_AN_INSTANT;
use crate::{
    error::ApiError,
    query::{Parameter, query},
};

query! {
    pub(super) struct FilterParameters {
        #[param(min_length = 1)]
        user_id: Option<String>,
        #[param(min_length = 1)]
        campaign_id: Option<String>,
        /// Codes of this file.
        file_id: Option<String>,
        /// `ALLOCATED`, `HELD`, `RELEASED` or `REDEEMED`, as it is now.
        status: Option<String>,
        /// Handed out at this instant or later.
        #[param(format = DateTime)]
        from: Option<String>,
        /// Handed out before this instant.
        #[param(format = DateTime)]
        until: Option<String>,
    }
}

pub(super) fn filter(query: &str) -> Result<HandOutFilter, ApiError> {
    let asked = FilterParameters::of(query);
    let instant = |parameter: &Parameter<Option<String>>| {
        let text = parameter.text()?;
        text.map(|text| parse_instant(text).ok_or_else(|| parameter.wrong(NOT_AN_INSTANT)))
            .transpose()
    };
    let file = asked.file_id.text()?.map(str::parse).transpose();
    let status = asked.status.text()?.map(str::parse).transpose();
    Ok(HandOutFilter {
        user_id: asked.user_id.id()?,
        campaign_id: asked.campaign_id.id()?,
        file: file.map_err(|_| asked.file_id.wrong(NO_FILE))?,
        status: status.map_err(|error| asked.status.wrong(error))?,
        from: instant(&asked.from)?,
        until: instant(&asked.until)?,
    })
}

/// What is said where the filter's file is none of the list.
pub(crate) const NO_FILE: &str = "must be the '_id' of a file of this list";

pub(crate) fn no_file() -> ApiError {
    ApiError::Bad(format!("'file_id' {NO_FILE}."))
}
