//! Those whom somebody else signs in: an identity provider, or a proxy.

use domain::Role;

use super::{Person, Token, public_id};
use crate::{Error, Result, Storage};

/// Whom an identity provider vouches for.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    /// If the provider has found out that it is theirs.
    pub verified_email: Option<&'a str>,
    pub name: &'a str,
    /// Absent: it gives no roles, and takes none.
    pub roles: Option<&'a [ProviderRole]>,
}

/// A role that the provider gives.
#[derive(Debug, Clone)]
pub struct ProviderRole {
    /// By the id of its keys; absent: of every workspace.
    pub workspace: Option<String>,
    pub role: Role,
}

#[derive(Debug)]
pub enum ProviderSignIn {
    /// Who it is, for `begin_session_of`.
    Known(i64),
    Refused(SignInByProviderRefusal),
}

/// Why somebody whom the provider vouches for is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "sign_in_by_provider_refusal", rename_all = "kebab-case")]
pub enum SignInByProviderRefusal {
    /// The provider has not found out whose the address is.
    Unverified,
    /// Nobody has the address, and neither a role nor an invitation waits for it.
    Unknown,
    /// The provider knows whoever has the address by another subject.
    OtherSubject,
    /// The person was shut out.
    Disabled,
}

impl Storage {
    /// Notes that a browser is sent to the provider. The token goes into its cookie.
    pub async fn begin_provider_visit(&self, goes_to: &str) -> Result<Token> {
        let token = Token::new();
        sqlx::query!(
            "insert into provider_visit (token_hash, goes_to) values ($1, $2)",
            &token.hash(),
            goes_to,
        )
        .execute(&self.pool)
        .await?;
        Ok(token)
    }

    /// The browser is back, once and within ten minutes: where to go then. Nothing if it was not sent, or came back before.
    pub async fn end_provider_visit(&self, token: &Token) -> Result<Option<String>> {
        let visit = sqlx::query!(
            r#"delete from provider_visit where token_hash = $1
               returning goes_to, created_at > clock_timestamp() - interval '10 minutes' as "is_in_time!""#,
            &token.hash(),
        );
        let visit = visit.fetch_optional(&self.pool).await?;
        Ok(visit.filter(|visit| visit.is_in_time).map(|visit| visit.goes_to))
    }

    /// Who that is here, with the roles that the provider gives now.
    pub async fn sign_in_by_provider(&self, vouched: &Vouched<'_>) -> Result<ProviderSignIn> {
        let id: [u8; 12] = rand::random();
        let (workspaces, roles): (Vec<Option<String>>, Vec<String>) = vouched
            .roles
            .unwrap_or_default()
            .iter()
            .map(|given| (given.workspace.clone(), given.role.as_str().to_owned()))
            .unzip();
        let row = sqlx::query!(
            "select known, refusal from sign_in_by_provider($1, $2, $3, $4, $5, $6, $7)",
            vouched.issuer,
            vouched.subject,
            vouched.verified_email,
            vouched.name,
            &id,
            vouched.roles.map(|_| &workspaces[..]) as _,
            vouched.roles.map(|_| &roles[..]) as _,
        )
        .fetch_one(&self.pool)
        .await?;
        match (row.known, row.refusal) {
            (_, Some(refusal)) => Ok(ProviderSignIn::Refused(refusal)),
            (Some(person), None) => Ok(ProviderSignIn::Known(person)),
            (None, None) => Err(Error::Fault("the provider vouched for nobody".to_owned())),
        }
    }

    /// Whoever has this address and was not shut out.
    pub async fn person_of_address(&self, email: &str) -> Result<Option<Person>> {
        let row = sqlx::query!(
            r#"select person_id, public_id, email, name, totp_secret is not null as "has_second_factor!"
               from person where email = lower($1) and disabled_at is null"#,
            email,
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        Ok(Some(Person {
            person_id: row.person_id,
            public_id: public_id(&row.public_id)?,
            email: row.email,
            name: row.name,
            has_second_factor: row.has_second_factor,
        }))
    }
}
