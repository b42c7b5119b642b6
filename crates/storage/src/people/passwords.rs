//! Signing in with a password.

use std::time::Duration;

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::{Person, public_id};
use crate::{AuthenticationError, Error, Result, Storage, workspaces::credentials};

/// Wrong attempts from one address at one account within a quarter of an hour; then it waits for the rest of it.
const MOST_FOR_ACCOUNT_FROM_ADDRESS: i32 = 10;
/// The same from one address at any account.
const MOST_FROM_ADDRESS: i32 = 50;
/// So many wrong attempts at one account, from wherever, slow down every further one: a stranger cannot lock anybody out.
const MANY_AT_ACCOUNT: i32 = 20;
const SLOWED: Duration = Duration::from_secs(2);
/// What is hashed with the password of nobody.
const DECOY_SALT: &[u8; 16] = b"couponry nobody1";
const SALT_BYTES: usize = 16;

/// What somebody typed, and from where.
#[derive(Debug)]
pub struct SignInAttempt<'a> {
    pub email: &'a str,
    pub password: &'a SecretString,
    pub address: &'a str,
}

/// What became of an attempt to sign in.
#[derive(Debug)]
pub enum SignIn {
    Right(Person),
    /// Nobody has this address, or the password is not the one.
    Wrong,
    TooOften,
}

/// An attempt that was counted before anybody knows whether it is right, so that no more of those that come at once are looked at
/// than of those that come one by one. `settle_attempt` takes a right one off the count.
#[derive(Debug)]
pub struct CountedAttempt {
    email: String,
    /// The hashes of an account from an address, the address, and the account.
    subjects: [Vec<u8>; 3],
}

impl CountedAttempt {
    fn new(email: String, address: &str) -> Self {
        let hash = |parts: [&str; 2]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().to_vec()
        };
        let subjects = [hash([&email, address]), hash(["", address]), hash([&email, ""])];
        Self { email, subjects }
    }
}

impl Storage {
    /// Whoever has this address and password. An attempt costs one hash, whether or not anybody has the address.
    pub async fn sign_in(&self, attempt: &SignInAttempt<'_>) -> Result<SignIn, AuthenticationError> {
        let Some(counted) = self.count_attempt(attempt.email, attempt.address).await? else {
            return Ok(SignIn::TooOften);
        };
        let row = sqlx::query!(
            r#"select person_id, public_id, email, name, password, totp_secret is not null as "has_second_factor!"
               from person where email = $1 and disabled_at is null"#,
            counted.email,
        );
        let row = row.fetch_optional(&self.pool).await.map_err(Error::from)?;
        let stored = row.as_ref().and_then(|row| row.password.clone());
        let is_right = self
            .credentials
            .is_password(attempt.password, stored.as_deref(), DECOY_SALT);
        // Of what nobody could look at, as of what was right, nothing is held against anybody.
        let is_right = match is_right.await {
            Ok(is_right) => is_right && row.is_some(),
            Err(error) => {
                self.settle_attempt(counted, true).await?;
                return Err(error);
            }
        };
        self.settle_attempt(counted, is_right).await?;
        match row {
            Some(row) if is_right => Ok(SignIn::Right(Person {
                person_id: row.person_id,
                public_id: public_id(&row.public_id)?,
                email: row.email,
                name: row.name,
                has_second_factor: row.has_second_factor,
            })),
            _ => Ok(SignIn::Wrong),
        }
    }

    /// Counts an attempt at the account of this e-mail address from this address of the network. None, and nothing is counted,
    /// if there were too many from there.
    pub async fn count_attempt(&self, email: &str, address: &str) -> Result<Option<CountedAttempt>> {
        let counted = CountedAttempt::new(email.to_lowercase(), address);
        let at_account = sqlx::query_scalar!(
            "select count_sign_in_attempt($1, $2)",
            &counted.subjects[..],
            &[MOST_FOR_ACCOUNT_FROM_ADDRESS, MOST_FROM_ADDRESS],
        );
        let Some(at_account) = at_account.fetch_one(&self.pool).await? else {
            return Ok(None);
        };
        if at_account > MANY_AT_ACCOUNT {
            tokio::time::sleep(SLOWED).await;
        }
        Ok(Some(counted))
    }

    /// Takes an attempt that was right off the count, and notes a wrong one in the audit log.
    pub async fn settle_attempt(&self, attempt: CountedAttempt, is_right: bool) -> Result<()> {
        let settled = if is_right {
            sqlx::query!("select forget_sign_in_attempt($1)", &attempt.subjects[..])
                .execute(&self.pool)
                .await
        } else {
            sqlx::query!(
                "select note_wrong_sign_in($1, $2)",
                attempt.subjects[2],
                attempt.email
            )
            .execute(&self.pool)
            .await
        };
        settled?;
        Ok(())
    }

    /// Gives the person another password and ends all other sessions.
    pub async fn change_password(
        &self,
        person: &Person,
        password: &SecretString,
        this: &super::Token,
    ) -> Result<(), AuthenticationError> {
        let password = hash(password).await?;
        sqlx::query!(
            "with changed as (update person set password = $2 where person_id = $1)
             delete from session where person_id = $1 and token_hash <> $3",
            person.person_id,
            password,
            &this.hash(),
        )
        .execute(&self.pool)
        .await
        .map_err(Error::from)?;
        Ok(())
    }
}

/// As it is stored: a PHC string, under a salt of its own.
pub(super) async fn hash(password: &SecretString) -> Result<String> {
    let salt: [u8; SALT_BYTES] = rand::random();
    credentials::hash(password.clone(), salt.to_vec()).await
}
