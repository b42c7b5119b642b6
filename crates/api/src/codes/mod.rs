//! Single codes: one file per verb.

pub(crate) mod disable;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod redeem;
pub(crate) mod search;
mod shown;

use storage::{CodePlace, ListRef};

use crate::{App, error::ApiError};

/// Where a code of the list is.
async fn place(app: &App, list: &ListRef, code: &str) -> Result<CodePlace, ApiError> {
    app.storage.find_code(list, code).await?.ok_or(ApiError::NotFound)
}

/// The code's passport.
async fn passport(
    app: &App,
    list: &ListRef,
    code: String,
    place: CodePlace,
) -> Result<Option<shown::ShownPassport>, ApiError> {
    let passport = app.storage.passport(list, place).await?;
    Ok(passport.map(|passport| shown::ShownPassport::new(list, code, passport)))
}
