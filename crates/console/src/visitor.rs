//! Who looks at a page, and where.

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use domain::Role;
use futures_util::future::{Ready, ready};
use serde_json::{Value, json};
use storage::{Membership, Person, Session, Storage, Token, Workspace};

use crate::{Mode, ROOT, error::PageError, shown};

/// Somebody who has signed in. The guard has found out that the page is for them.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) token: Token,
    pub(crate) session: Session,
    /// Of the session's memberships, the one whose workspace the path names.
    pub(crate) here: Option<usize>,
    pub(crate) mode: Mode,
    /// No new code is handed out.
    pub(crate) is_paused: bool,
}

impl Visitor {
    pub(crate) fn person(&self) -> &Person {
        &self.session.person
    }

    pub(crate) fn membership(&self) -> Option<&Membership> {
        self.session.memberships.get(self.here?)
    }

    /// The workspace of the path.
    pub(crate) fn workspace(&self) -> Result<&Workspace, PageError> {
        self.membership()
            .map(|membership| &membership.workspace)
            .ok_or(PageError::NotFound)
    }

    /// Whether the visitor may do here what this role may. Where nothing may be changed everybody is a viewer.
    pub(crate) fn may(&self, role: Role) -> bool {
        (self.mode == Mode::On || role == Role::Viewer)
            && self
                .membership()
                .is_some_and(|membership| membership.role >= role)
    }

    pub(crate) fn may_manage(&self) -> bool {
        self.may(Role::Manager)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.may(Role::Admin)
    }

    /// The address of a page of this workspace; `rest` begins with a slash.
    pub(crate) fn path(&self, rest: &str) -> String {
        match self.membership() {
            Some(membership) => format!("{}{rest}", workspace_path(membership)),
            None => ROOT.to_owned(),
        }
    }

    /// What the next page says once.
    pub(crate) async fn leave(&self, storage: &Storage, text: &str) -> Result<(), PageError> {
        storage
            .leave_message(&self.token, &json!({ "text": text }))
            .await?;
        Ok(())
    }

    /// What was left to be said by the page before.
    pub(crate) fn message(&self) -> Option<&str> {
        self.session.message.as_ref()?.get("text").and_then(Value::as_str)
    }
}

/// The address of a workspace, whatever letters its id has.
pub(crate) fn workspace_path(membership: &Membership) -> String {
    format!(
        "{ROOT}/w/{}",
        shown::segment(membership.workspace.public_id.as_str())
    )
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Self>()
                .cloned()
                .ok_or(PageError::NotFound),
        )
    }
}
