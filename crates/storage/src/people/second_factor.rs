//! The second factor: a secret that an app makes codes of, and codes for when that is lost.

use sha2::{Digest as _, Sha256};

use super::{Person, Token};
use crate::{Result, Storage};

impl Storage {
    /// What the person's app makes codes of; none if there is no second factor.
    pub async fn totp_secret(&self, person: &Person) -> Result<Option<Vec<u8>>> {
        let secret = sqlx::query_scalar!(
            "select totp_secret from person where person_id = $1",
            person.person_id
        );
        Ok(secret.fetch_one(&self.pool).await?)
    }

    /// Takes the step whose code was right; false if it, or a later one, was taken before.
    pub async fn take_totp_step(&self, person: &Person, step: i64) -> Result<bool> {
        let taken = sqlx::query!(
            "update person set totp_step = $2 where person_id = $1 and totp_step < $2",
            person.person_id,
            step,
        );
        Ok(taken.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Asks for a second factor from now on; its codes for emergencies replace all former ones.
    pub async fn set_totp(
        &self,
        person: &Person,
        secret: &[u8],
        step: i64,
        recovery: &[String],
    ) -> Result<()> {
        let hashes: Vec<Vec<u8>> = recovery.iter().map(|code| recovery_hash(code)).collect();
        sqlx::query!(
            "with changed as (
                 update person set totp_secret = $2, totp_step = $3 where person_id = $1
             ), former as (delete from recovery_code where person_id = $1 and hash <> all ($4))
             insert into recovery_code (person_id, hash) select $1, unnest($4::bytea[]) on conflict do nothing",
            person.person_id,
            secret,
            step,
            &hashes,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Asks for no second factor any more.
    pub async fn remove_totp(&self, person: &Person) -> Result<()> {
        sqlx::query!(
            "with codes as (delete from recovery_code where person_id = $1)
             update person set totp_secret = null where person_id = $1",
            person.person_id,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Uses up one of the codes for emergencies.
    pub async fn use_recovery_code(&self, person: &Person, code: &str) -> Result<bool> {
        let used = sqlx::query!(
            "delete from recovery_code where person_id = $1 and hash = $2",
            person.person_id,
            recovery_hash(code),
        );
        Ok(used.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Makes a half session whole, under a new token.
    pub async fn complete_session(&self, half: &Token) -> Result<Option<Token>> {
        let token = Token::new();
        let completed = sqlx::query_scalar!(
            r#"with completed as (
                   update session set token_hash = $2, is_half = false where token_hash = $1 and is_half returning person_id
               ), noted as (
                   insert into audit_entry (workspace_id, person_id, action)
                   select m.workspace_id, m.person_id, 'sign-in' from completed join membership m using (person_id)
               )
               select exists (select from completed) as "completed!""#,
            &half.hash(),
            &token.hash(),
        );
        Ok(completed.fetch_one(&self.pool).await?.then_some(token))
    }
}

fn recovery_hash(code: &str) -> Vec<u8> {
    // Whether or not the hyphens were typed.
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(letters.to_ascii_lowercase()).to_vec()
}
