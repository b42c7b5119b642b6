//! What a token says of somebody.

use domain::Role;
use serde_json::{Map, Value};

use crate::ProviderError;

/// Subjects have at most so many characters (OpenID Connect Core, 2).
const MOST_SUBJECT: usize = 255;

/// The claims of a token that is true.
#[derive(Debug)]
pub(crate) struct Claims(Map<String, Value>);

/// Whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Somebody {
    /// Whoever that is there, for ever: addresses change.
    pub subject: String,
    /// If the provider has found out that it is theirs.
    pub verified_email: Option<String>,
    pub name: Option<String>,
    /// What the provider lets them do; none if it is not asked.
    pub grants: Option<Vec<Grant>>,
}

/// A role that the provider gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Absent: of every workspace.
    pub workspace: Option<String>,
    pub role: Role,
}

impl Claims {
    pub(crate) fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Whether the other address of the provider is to be asked for what is not in the token.
    pub(crate) fn lacks(&self, role_claim: Option<&str>) -> bool {
        !self.0.contains_key("email") || role_claim.is_some_and(|name| self.find(name).is_none())
    }

    /// Adds what the token does not say itself. That it is about the same person is all that makes it believable.
    pub(crate) fn complete(&mut self, more: Value) -> Result<(), ProviderError> {
        let Value::Object(more) = more else {
            return Err(ProviderError::Untrue("what it says of you cannot be read"));
        };
        if more.get("sub").and_then(Value::as_str) != self.text("sub") {
            return Err(ProviderError::Untrue("it speaks of two people at once"));
        }
        // Whether an address is verified is said of the address beside it.
        if !self.0.contains_key("email") {
            self.0.remove("email_verified");
        } else if !self.0.contains_key("email_verified") {
            self.0.insert("email_verified".to_owned(), Value::Bool(false));
        }
        for (name, value) in more {
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    pub(crate) fn somebody(&self, role_claim: Option<&str>) -> Result<Somebody, ProviderError> {
        let subject = self.text("sub").unwrap_or_default();
        if subject.is_empty() || subject.len() > MOST_SUBJECT || subject.contains('\0') {
            return Err(ProviderError::Untrue("it does not say who you are"));
        }
        let is_verified = self.0.get("email_verified") == Some(&Value::Bool(true));
        let email = self.text("email").filter(|_| is_verified).map(str::to_lowercase);
        Ok(Somebody {
            subject: subject.to_owned(),
            verified_email: email,
            name: self.text("name").map(str::to_owned),
            grants: role_claim.map(|name| grants(self.find(name))),
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim by its name or, where there is none of that name, by the way to it: `realm_access.roles`.
    fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = self.0.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        })
    }
}

/// One text or several; what names no role is about something else.
fn grants(claim: Option<&Value>) -> Vec<Grant> {
    let texts: Vec<&str> = match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let grant = |text: &str| {
        let (workspace, role) = match text.rsplit_once(':') {
            Some((workspace, role)) => (Some(workspace.to_owned()), role),
            None => (None, text),
        };
        let role = role.parse().ok()?;
        Some(Grant { workspace, role })
    };
    // The database keeps no such texts, so no workspace is called so.
    let texts = texts.into_iter().filter(|text| !text.contains('\0'));
    texts.filter_map(grant).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(claims) = value else {
            unreachable!()
        };
        Claims::new(claims)
    }

    fn grants_of(value: Value, name: &str) -> Vec<String> {
        let somebody = claims(value).somebody(Some(name)).unwrap();
        let grants = somebody.grants.unwrap().into_iter();
        grants
            .map(|grant| format!("{}:{}", grant.workspace.as_deref().unwrap_or("*"), grant.role))
            .collect()
    }

    #[test]
    fn roles_are_a_text_or_several_and_anything_else_is_none() {
        for (roles, granted) in [
            (json!("admin"), &["*:admin"][..]),
            (
                json!(["staff", "viewer", "shop:manager", 7]),
                &["*:viewer", "shop:manager"],
            ),
            (json!("shop:owner"), &[]),
            (json!("Admin"), &[]),
            (json!({"admin": true}), &[]),
            (json!(null), &[]),
        ] {
            assert_eq!(
                grants_of(json!({"sub": "1", "roles": roles}), "roles"),
                granted,
                "{roles}"
            );
        }
        let nested = json!({"sub": "1", "realm_access": {"roles": ["admin"]}});
        assert_eq!(grants_of(nested, "realm_access.roles"), ["*:admin"]);
        let literal = json!({"sub": "1", "https://example.com/role": "viewer"});
        assert_eq!(grants_of(literal, "https://example.com/role"), ["*:viewer"]);
    }

    #[test]
    fn an_address_counts_if_the_provider_says_that_it_is_verified() {
        for (verified, counts) in [
            (json!(true), true),
            (json!(false), false),
            (json!("true"), false),
            (json!(null), false),
        ] {
            let somebody =
                claims(json!({"sub": "1", "email": "Ada@example.com", "email_verified": verified}));
            let email = somebody.somebody(None).unwrap().verified_email;
            assert_eq!(
                email.as_deref(),
                counts.then_some("ada@example.com"),
                "{verified}"
            );
        }
    }

    #[test]
    fn what_is_said_elsewhere_is_of_the_same_person_and_verifies_no_address_of_the_token() {
        let mut of_token = claims(json!({"sub": "1", "email": "ada@example.com"}));
        assert!(
            of_token
                .complete(json!({"sub": "2", "email_verified": true}))
                .is_err()
        );
        of_token
            .complete(json!({"sub": "1", "email": "eve@example.com", "email_verified": true}))
            .unwrap();
        assert_eq!(of_token.somebody(None).unwrap().verified_email, None);
        let mut bare = claims(json!({"sub": "1", "email_verified": true}));
        bare.complete(json!({"sub": "1", "email": "ada@example.com"}))
            .unwrap();
        assert_eq!(bare.somebody(None).unwrap().verified_email, None);
        let mut bare = claims(json!({"sub": "1"}));
        bare.complete(json!({"sub": "1", "email": "ada@example.com", "email_verified": true}))
            .unwrap();
        assert_eq!(
            bare.somebody(None).unwrap().verified_email.as_deref(),
            Some("ada@example.com")
        );
    }
}
