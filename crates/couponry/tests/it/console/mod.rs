//! The console, without a browser: who is let in where, and what every page says about itself.

mod invitations;
mod keys;
mod links;
mod provider;
mod proxied;
mod roles;

use reqwest::{Method, RequestBuilder, header};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::app::{Answer, TestApp, send};

/// Somebody with an open session.
pub(crate) struct Visitor {
    cookie: String,
}

impl Visitor {
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }
}

impl TestApp {
    /// A member of the workspace with this role, signed in; of none, if there is no role.
    pub(crate) async fn visitor(&self, name: &str, role: Option<&str>) -> Visitor {
        let token: [u8; 32] = rand::random();
        let secret = hex(&token);
        let hash = hex(&<sha2::Sha256 as sha2::Digest>::digest(token));
        let id = hex(&rand::random::<[u8; 12]>());
        let member = role.map_or(String::new(), |role| {
            format!(
                "insert into membership (person_id, workspace_id, role)
                 select p.person_id, w.workspace_id, '{role}' from person p, workspace w
                 where p.email = '{name}@example.com' and w.public_id = '{}';",
                crate::app::WORKSPACE
            )
        });
        let statements = format!(
            "insert into person (public_id, email, name) values ('\\x{id}', '{name}@example.com', '{name}');
             insert into session (token_hash, person_id, is_half, address, agent)
                 select '\\x{hash}', p.person_id, false, 'here', 'test' from person p where p.email = '{name}@example.com';
             {member}"
        );
        let mut session = self.database.connect().await;
        session.execute(AssertSqlSafe(statements)).await.unwrap();
        Visitor {
            cookie: format!("couponry={secret}"),
        }
    }

    /// A request for a page, by a browser in which the visitor has signed in.
    pub(crate) fn page(&self, visitor: Option<&Visitor>, method: Method, path: &str) -> RequestBuilder {
        let request = self.anonymous(method, &format!("/console{path}"));
        match visitor {
            Some(visitor) => request.header(header::COOKIE, &visitor.cookie),
            None => request,
        }
    }

    pub(crate) async fn look(&self, visitor: &Visitor, path: &str) -> Answer {
        send(self.page(Some(visitor), Method::GET, path)).await
    }

    /// Sends a form of the console's own.
    pub(crate) async fn fill(
        &self,
        visitor: Option<&Visitor>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = fields
            .iter()
            .map(|(name, value)| {
                let value = percent_encoding(value);
                format!("{name}={value}")
            })
            .collect::<Vec<_>>()
            .join("&");
        let request = self
            .page(visitor, Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        send(request.body(body)).await
    }
}

/// The path, below `/console`, of the link that the log shows, a command prints or a mail has.
fn path_in(text: &str) -> String {
    let (_, rest) = text.split_once("/console").unwrap();
    rest.chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '/')
        .collect()
}

fn percent_encoding(text: &str) -> String {
    bytes(text.as_bytes(), "%")
}

fn hex(bytes_of_it: &[u8]) -> String {
    bytes(bytes_of_it, "")
}

/// Two hex digits a byte, each behind this.
fn bytes(bytes: &[u8], before: &str) -> String {
    let digits = bytes
        .iter()
        .map(|byte| [before.to_owned(), format!("{byte:02X}")].concat());
    digits.collect::<Vec<_>>().concat()
}
