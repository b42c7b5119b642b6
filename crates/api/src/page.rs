//! `limit` and `offset` (ours): a part of a long answer. Without them everything is answered, as documented.

use storage::Page;

use crate::{error::ApiError, query::query};

/// The most that `limit` may be.
const MOST: i64 = 1_000;

query! {
    pub(crate) struct PageParameters {
        /// At most so many. All if absent.
        #[param(minimum = 1, maximum = 1000)]
        limit: Option<i64>,
        /// Without so many of the first ones.
        #[param(minimum = 0, maximum = 2_147_483_647_i64)]
        offset: Option<i64>,
    }
}

/// The page that the query asks for.
pub(crate) fn page(query: &str) -> Result<Page, ApiError> {
    let asked = PageParameters::of(query);
    let limit = asked.limit.number(1..=MOST)?;
    let offset = asked.offset.number(0..=i64::from(i32::MAX))?;
    Ok(Page {
        limit,
        offset: offset.unwrap_or_default(),
    })
}
