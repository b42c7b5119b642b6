//! Those who use the console: who they are, what they may do, and in which browsers they have signed in.

mod invitations;
mod links;
mod members;
mod passwords;
mod provider;
mod second_factor;
mod sessions;

use domain::{PublicId, Role};
use sha2::{Digest as _, Sha256};

pub use self::{
    invitations::{Invitation, InvitationLetter, InvitationToSend, MailState},
    links::{AcceptLink, AcceptLinkRefusal, LinkKind, OneTimeLink},
    members::{Member, Somebody},
    passwords::{CountedAttempt, SignIn, SignInAttempt},
    provider::{ProviderRole, ProviderSignIn, SignInByProviderRefusal, Vouched},
    sessions::{Membership, OpenSession, Session},
};

/// Somebody who can sign in.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct Person {
    pub(crate) person_id: i64,
    pub public_id: PublicId,
    pub email: String,
    pub name: String,
    /// Whether a second factor is asked for.
    pub has_second_factor: bool,
}

/// 256 random bits of which the database knows the SHA-256 only: in a cookie, or in a link.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    fn new() -> Self {
        Self(rand::random())
    }

    /// As it was written.
    pub fn read(text: &str) -> Option<Self> {
        let mut token = [0; 32];
        hex::decode_to_slice(text, &mut token).ok()?;
        Some(Self(token))
    }

    /// 64 hex digits, for whoever is to have it.
    pub fn secret(&self) -> String {
        hex::encode(self.0)
    }

    /// Another secret, made of this one: 64 hex digits that tell nothing of it, nor of those with other names.
    pub fn derive(&self, name: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(name);
        hex::encode(hash.finalize())
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// Tokens stay out of logs.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

fn role(text: &str) -> crate::Result<Role> {
    text.parse()
        .map_err(|_| crate::Error::Fault("a role cannot be read".to_owned()))
}

fn public_id(bytes: &[u8]) -> crate::Result<PublicId> {
    PublicId::try_from(bytes).map_err(|_| crate::Error::Fault("a person's id cannot be read".to_owned()))
}
