//! The text of a pull token: the id of 24 hex digits, and its signature.

use crate::{LinkKey, LinkSeal, PublicId};

/// What a token's signature is of; it has no end but its revocation.
fn signed(id: PublicId) -> String {
    format!("pull token {id}")
}

/// What opens the list; it stands in the token's URL.
pub fn write_pull_token(id: PublicId, key: &LinkKey) -> String {
    format!("{id}{}", key.sign(&signed(id), 0))
}

/// The id in a token's text, and its signature.
pub fn read_pull_token(text: &str) -> Option<(PublicId, &str)> {
    let (id, signature) = text.split_at_checked(24)?;
    Some((id.parse().ok()?, signature))
}

pub fn is_pull_token_made_here(id: PublicId, signature: &str, seal: &LinkSeal) -> bool {
    seal.made(&signed(id), 0, signature)
}

pub fn is_pull_token_signed(id: PublicId, signature: &str, key: &LinkKey) -> bool {
    key.opens(&signed(id), 0, signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_opens_by_its_own_key_only() {
        let seal = LinkSeal::from_bytes(vec![1; 32]);
        let key = |byte| LinkKey::new(seal.clone(), vec![byte; 32]);
        let id = PublicId::from_bytes([7; 12]);
        let text = write_pull_token(id, &key(2));
        let (read, signature) = read_pull_token(&text).unwrap();
        assert_eq!(read, id);
        assert!(is_pull_token_made_here(id, signature, &seal));
        assert!(is_pull_token_signed(id, signature, &key(2)));
        assert!(!is_pull_token_signed(id, signature, &key(3)));
        assert!(read_pull_token("short").is_none());
    }
}
