//! What proves to others that a message or a link is ours.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// Signs a workspace's callbacks, by the Standard Webhooks specification (symmetric, `v1`).
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As the specification's libraries take it.
    pub fn shown(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(&self.0))
    }

    /// A value of the header `webhook-signature`. The time is in whole seconds, as in `webhook-timestamp`.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mut mac = keyed(&self.0);
        mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Signs the links of a workspace that open without a password.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey(Vec<u8>);

impl LinkKey {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What makes a link to `path` open until `expires`, in seconds since 1970.
    pub fn sign(&self, path: &str, expires: i64) -> String {
        hex::encode(self.mac(path, expires).finalize().into_bytes())
    }

    /// Whether the signature is this link's. Takes the same time for any that is not.
    pub fn opens(&self, path: &str, expires: i64, signature: &str) -> bool {
        let mut presented = [0; 32];
        hex::decode_to_slice(signature, &mut presented).is_ok()
            && self.mac(path, expires).verify_slice(&presented).is_ok()
    }

    fn mac(&self, path: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = keyed(&self.0);
        // The number first: no path can run into it.
        mac.update(format!("{expires}:{path}").as_bytes());
        mac
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!())
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_specifications_own_example() {
        // The example of the Standard Webhooks specification and its libraries' tests.
        let secret = BASE64_STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap();
        let signature = WebhookSecret::from_bytes(secret).sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "2021-02-25T15:02:10Z".parse().unwrap(),
            b"{\"test\": 2432232314}",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_link_opens_what_it_was_made_for_and_nothing_else() {
        let key = LinkKey::from_bytes(vec![7; 32]);
        let signature = key.sign("/v1/usage-report/a/download", 1_800_000_000);
        assert!(key.opens("/v1/usage-report/a/download", 1_800_000_000, &signature));
        assert!(!key.opens("/v1/usage-report/b/download", 1_800_000_000, &signature));
        assert!(!key.opens("/v1/usage-report/a/download", 1_800_000_001, &signature));
        assert!(!LinkKey::from_bytes(vec![8; 32]).opens(
            "/v1/usage-report/a/download",
            1_800_000_000,
            &signature
        ));
        for broken in ["", "00", "zz", &signature[2..]] {
            assert!(!key.opens("/v1/usage-report/a/download", 1_800_000_000, broken));
        }
    }
}
