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

/// What is counted of wrong attempts: an account from an address, the address, and the account.
struct Subjects([Vec<u8>; 3]);

impl Subjects {
    fn of(email: &str, address: &str) -> Self {
        let hash = |parts: [&str; 2]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().to_vec()
        };
        Self([hash([email, address]), hash(["", address]), hash([email, ""])])
    }
}

impl Storage {
    /// Whoever has this address and password. An attempt costs one hash, whether or not anybody has the address.
    pub async fn sign_in(&self, attempt: &SignInAttempt<'_>) -> Result<SignIn, AuthenticationError> {
        let email = attempt.email.to_lowercase();
        let subjects = Subjects::of(&email, attempt.address);
        let [pair, address, account] = self.failures(&subjects).await?;
        if pair >= MOST_FOR_ACCOUNT_FROM_ADDRESS || address >= MOST_FROM_ADDRESS {
            return Ok(SignIn::TooOften);
        }
        if account >= MANY_AT_ACCOUNT {
            tokio::time::sleep(SLOWED).await;
        }
        let row = sqlx::query!(
            r#"select person_id, public_id, email, name, password, totp_secret is not null as "has_second_factor!"
               from person where email = $1 and disabled_at is null"#,
            email,
        );
        let row = row.fetch_optional(&self.pool).await.map_err(Error::from)?;
        let stored = row.as_ref().and_then(|row| row.password.clone());
        let is_right = self
            .credentials
            .is_password(attempt.password, stored.as_deref(), DECOY_SALT);
        if let (true, Some(row)) = (is_right.await?, row) {
            return Ok(SignIn::Right(Person {
                person_id: row.person_id,
                public_id: public_id(&row.public_id)?,
                email: row.email,
                name: row.name,
                has_second_factor: row.has_second_factor,
            }));
        }
        self.note_failure(&subjects, &email).await?;
        Ok(SignIn::Wrong)
    }

    /// Counts a wrong second factor like a wrong password.
    pub async fn note_wrong_code(&self, person: &Person, address: &str) -> Result<()> {
        let subjects = Subjects::of(&person.email, address);
        self.note_failure(&subjects, &person.email).await
    }

    /// Whether no further code of this person is taken from there for now.
    pub async fn is_too_often(&self, person: &Person, address: &str) -> Result<bool> {
        let [pair, of_address, _] = self.failures(&Subjects::of(&person.email, address)).await?;
        Ok(pair >= MOST_FOR_ACCOUNT_FROM_ADDRESS || of_address >= MOST_FROM_ADDRESS)
    }

    /// Whether this is the person's password.
    pub async fn is_password_of(
        &self,
        person: &Person,
        password: &SecretString,
    ) -> Result<bool, AuthenticationError> {
        let stored = sqlx::query_scalar!(
            "select password from person where person_id = $1",
            person.person_id
        );
        let stored = stored.fetch_optional(&self.pool).await.map_err(Error::from)?;
        self.credentials
            .is_password(password, stored.flatten().as_deref(), DECOY_SALT)
            .await
    }

    /// Gives the person another password and ends all other sessions. False if the former one is wrong.
    pub async fn change_password(
        &self,
        person: &Person,
        former: &SecretString,
        password: &SecretString,
        this: &super::Token,
    ) -> Result<bool, AuthenticationError> {
        if !self.is_password_of(person, former).await? {
            return Ok(false);
        }
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
        Ok(true)
    }

    async fn failures(&self, subjects: &Subjects) -> Result<[i32; 3]> {
        let row = sqlx::query!(
            r#"select coalesce(max(failures) filter (where subject = $1), 0) as "pair!",
                      coalesce(max(failures) filter (where subject = $2), 0) as "address!",
                      coalesce(max(failures) filter (where subject = $3), 0) as "account!"
               from sign_in_failure
               where subject in ($1, $2, $3) and since > clock_timestamp() - interval '15 minutes'"#,
            subjects.0[0],
            subjects.0[1],
            subjects.0[2],
        );
        let row = row.fetch_one(&self.pool).await?;
        Ok([row.pair, row.address, row.account])
    }

    async fn note_failure(&self, subjects: &Subjects, email: &str) -> Result<()> {
        sqlx::query!("select note_sign_in_failure($1, $2)", &subjects.0[..], email)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// As it is stored: a PHC string, under a salt of its own.
pub(super) async fn hash(password: &SecretString) -> Result<String> {
    let salt: [u8; SALT_BYTES] = rand::random();
    credentials::hash(password.clone(), salt.to_vec()).await
}
