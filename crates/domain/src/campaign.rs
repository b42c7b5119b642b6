//! What a sender says of the message a code goes into.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{ExternalId, FreeText};

/// A campaign as the sender described it. Only the id is looked at (it is part of the request key); the rest goes into
/// the usage report as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: ExternalId,
    pub name: Option<FreeText>,
    pub channel: Option<FreeText>,
    pub delivery_type: Option<FreeText>,
    pub sent_at: Option<Timestamp>,
    pub locale: Option<FreeText>,
    pub variation: Option<FreeText>,
}

/// The first 16 bytes of SHA-256 over all fields of a campaign but the time: one row per description, never updated.
/// Senders put each message's own time into `sent_at`, so that is kept with the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CampaignKey([u8; 16]);

impl CampaignKey {
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Campaign {
    /// One of which nothing but the id is known.
    pub fn called(id: ExternalId) -> Self {
        Self {
            id,
            name: None,
            channel: None,
            delivery_type: None,
            sent_at: None,
            locale: None,
            variation: None,
        }
    }

    pub fn key(&self) -> CampaignKey {
        let mut hash = Sha256::new();
        let mut add = |field: Option<&str>| match field {
            // Length first, so that no two descriptions run together; an absent field differs from an empty one.
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
            None => hash.update([0]),
        };
        add(Some(self.id.as_str()));
        for text in [
            &self.name,
            &self.channel,
            &self.delivery_type,
            &self.locale,
            &self.variation,
        ] {
            add(text.as_ref().map(FreeText::as_str));
        }
        CampaignKey(crate::request_key::first_16(&hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(id: &str, name: Option<&str>, channel: Option<&str>) -> Campaign {
        Campaign {
            id: ExternalId::new(id).unwrap(),
            name: name.map(|text| FreeText::new(text).unwrap()),
            channel: channel.map(|text| FreeText::new(text).unwrap()),
            delivery_type: None,
            sent_at: None,
            locale: None,
            variation: None,
        }
    }

    #[test]
    fn each_description_has_its_own_key() {
        let keys = [
            campaign("c-1", None, None).key(),
            campaign("c-1", Some(""), None).key(),
            campaign("c-1", Some("ab"), Some("c")).key(),
            campaign("c-1", Some("a"), Some("bc")).key(),
            campaign("c-1", None, Some("ab")).key(),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys.iter().skip(n + 1).any(|other| other == key), "{n}");
        }
        let sent = Campaign {
            sent_at: Some("2026-11-22T10:00:00Z".parse().unwrap()),
            ..campaign("c-1", Some("a"), None)
        };
        assert_eq!(sent.key(), campaign("c-1", Some("a"), None).key());
    }
}
