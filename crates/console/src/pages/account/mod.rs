//! What a person can do about the own account, whatever the workspace.

pub(crate) mod password;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod show;

use secrecy::SecretString;
use storage::SignInAttempt;

use super::sign_in::TOO_OFTEN;
use crate::{ROOT, visitor::Visitor};

fn account_path(rest: &str) -> String {
    format!("{ROOT}/account{rest}")
}

/// What a wrong password or code of the account is counted by, as at sign-in: whoever finds an open browser must not try them all.
fn attempt<'a>(visitor: &'a Visitor, password: &'a SecretString, address: &'a str) -> SignInAttempt<'a> {
    SignInAttempt {
        email: &visitor.person().email,
        password,
        address,
    }
}
