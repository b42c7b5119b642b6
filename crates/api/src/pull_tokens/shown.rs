//! A token, and what it looks like: the id of 24 hex digits, and its signature.

use domain::{LinkKey, LinkSeal, PublicId, instant_with_zone};
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
        let text = write(token.public_id, key);
        Self {
            _id: token.public_id.to_string(),
            url: format!("{base}/v1/pull/{text}"),
            token: text,
            fallback: token.fallback,
            created_at: instant_with_zone(token.created_at),
        }
    }
}

/// What a token's signature is of; it has no end but its revocation.
fn signed(id: PublicId) -> String {
    format!("pull token {id}")
}

fn write(id: PublicId, key: &LinkKey) -> String {
    format!("{id}{}", key.sign(&signed(id), 0))
}

/// The id in a token's text, and its signature.
pub(super) fn read(text: &str) -> Option<(PublicId, &str)> {
    let (id, signature) = text.split_at_checked(24)?;
    Some((id.parse().ok()?, signature))
}

pub(super) fn is_made_here(id: PublicId, signature: &str, seal: &LinkSeal) -> bool {
    seal.made(&signed(id), 0, signature)
}

pub(super) fn is_signed(id: PublicId, signature: &str, key: &LinkKey) -> bool {
    key.opens(&signed(id), 0, signature)
}
