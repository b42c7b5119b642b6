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

/// Marks the links of a deployment: its servers tell others from them without asking the database for anything.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkSeal(Vec<u8>);

/// Signs the links of a workspace that open without a password.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey {
    seal: LinkSeal,
    key: Vec<u8>,
}

/// Hex digits of a signature that are the seal's: 64 bits, which nobody guesses over a network. What opens the link is
/// the rest, of 256 bits, by a key that can be replaced.
const SEALED: usize = 16;

impl LinkSeal {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Whether the deployment made this signature for this link, at any time: its key may be another by now.
    pub fn made(&self, path: &str, expires: i64, signature: &str) -> bool {
        let mut presented = [0; SEALED / 2];
        signature
            .get(..SEALED)
            .is_some_and(|sealed| hex::decode_to_slice(sealed, &mut presented).is_ok())
            && mac(&self.0, path, expires)
                .verify_truncated_left(&presented)
                .is_ok()
    }
}

impl LinkKey {
    pub fn new(seal: LinkSeal, key: Vec<u8>) -> Self {
        Self { seal, key }
    }

    /// What makes a link to `path` open until `expires`, in seconds since 1970.
    pub fn sign(&self, path: &str, expires: i64) -> String {
        let mut sealed = hex::encode(mac(&self.seal.0, path, expires).finalize().into_bytes());
        sealed.truncate(SEALED);
        sealed + &hex::encode(mac(&self.key, path, expires).finalize().into_bytes())
    }

    /// Whether the signature is this link's. Takes the same time for any that is not.
    pub fn opens(&self, path: &str, expires: i64, signature: &str) -> bool {
        let mut presented = [0; 32];
        self.seal.made(path, expires, signature)
            && hex::decode_to_slice(&signature[SEALED..], &mut presented).is_ok()
            && mac(&self.key, path, expires).verify_slice(&presented).is_ok()
    }
}

fn mac(key: &[u8], path: &str, expires: i64) -> Hmac<Sha256> {
    let mut mac = keyed(key);
    // The number first: no path can run into it.
    mac.update(format!("{expires}:{path}").as_bytes());
    mac
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

impl std::fmt::Debug for LinkSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSeal")
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

    const PATH: &str = "/v1/usage-report/a/download";
    const EXPIRES: i64 = 1_800_000_000;

    fn key(seal: u8, key: u8) -> LinkKey {
        LinkKey::new(LinkSeal::from_bytes(vec![seal; 32]), vec![key; 32])
    }

    #[test]
    fn a_link_opens_what_it_was_made_for_and_nothing_else() {
        let signature = key(1, 7).sign(PATH, EXPIRES);
        assert!(key(1, 7).opens(PATH, EXPIRES, &signature));
        assert!(!key(1, 7).opens("/v1/usage-report/b/download", EXPIRES, &signature));
        assert!(!key(1, 7).opens(PATH, EXPIRES + 1, &signature));
        assert!(!key(1, 8).opens(PATH, EXPIRES, &signature));
        assert!(!key(2, 7).opens(PATH, EXPIRES, &signature));
        for broken in [
            "",
            "00",
            "zz",
            &signature[2..],
            &signature[..SEALED],
            "ääääääääääääääää",
        ] {
            assert!(!key(1, 7).opens(PATH, EXPIRES, broken));
        }
    }

    #[test]
    fn a_seal_tells_what_the_deployment_once_made_from_what_it_never_did() {
        let seal = LinkSeal::from_bytes(vec![1; 32]);
        let signature = key(1, 7).sign(PATH, EXPIRES);
        assert!(seal.made(PATH, EXPIRES, &signature));
        assert!(seal.made(PATH, EXPIRES, &key(1, 8).sign(PATH, EXPIRES)));
        assert!(!seal.made(PATH, EXPIRES + 1, &signature));
        for broken in [
            &key(2, 7).sign(PATH, EXPIRES),
            "",
            &"ab".repeat(40),
            &signature[..SEALED - 1],
            "ä",
        ] {
            assert!(!seal.made(PATH, EXPIRES, broken));
        }
    }
}
