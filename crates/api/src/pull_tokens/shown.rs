//! A token, and what it looks like.

use domain::{LinkKey, instant_with_zone, write_pull_token};
use serde::Serialize;
use storage::PullToken;
use utoipa::ToSchema;

use crate::openapi::texts;

/// A token that fetches codes of one list.
#[derive(Serialize, ToSchema)]
#[schema(as = PullToken)]
pub(super) struct ShownToken {
    #[schema(value_type = texts::Id)]
    _id: String,
    /// Keep it as secret as a key: it takes codes.
    token: String,
    /// Where a template engine fetches.
    url: String,
    /// What is answered when the list has no code to give; null: an error.
    #[schema(required = true)]
    fallback: Option<String>,
    #[schema(value_type = texts::Instant)]
    created_at: String,
}

impl ShownToken {
    pub(super) fn new(token: PullToken, key: &LinkKey, base: &str) -> Self {
        let text = write_pull_token(token.public_id, key);
        Self {
            _id: token.public_id.to_string(),
            url: format!("{base}/v1/pull/{text}"),
            token: text,
            fallback: token.fallback,
            created_at: instant_with_zone(token.created_at),
        }
    }
}
