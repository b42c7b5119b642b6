//! `limit` and `offset` (ours): a part of a long answer. Without them everything is answered, as documented.

use storage::Page;
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::error::ApiError;

/// The most that `limit` may be.
const MOST: i64 = 1_000;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what `page` reads, for the document")]
pub(crate) struct PageParameters {
    /// At most so many. All if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Without so many of the first ones.
    #[param(minimum = 0, maximum = 2_147_483_647_i64)]
    offset: Option<i64>,
}

/// The page that the query asks for.
pub(crate) fn page(query: &str) -> Result<Page, ApiError> {
    let limit = number(query, "limit", 1..=MOST)?;
    let offset = number(query, "offset", 0..=i64::from(i32::MAX))?;
    Ok(Page {
        limit,
        offset: offset.unwrap_or_default(),
    })
}

/// The one value of a parameter.
pub(crate) fn parameter(query: &str, name: &str) -> Result<Option<String>, ApiError> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        return Err(ApiError::Bad(format!("'{name}' must be given once.")));
    }
    Ok(value)
}

/// The one value of a parameter that is a number.
pub(crate) fn number(
    query: &str,
    name: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, ApiError> {
    let Some(text) = parameter(query, name)? else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        ApiError::Bad(format!(
            "'{name}' must be a whole number from {} to {}.",
            range.start(),
            range.end()
        ))
    })
}
