//! What is answered where a page cannot be.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use askama::Template;
use url::form_urlencoded;

use crate::{ROOT, page::Frame, visitor::Visitor};

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is no such thing, or it is another workspace's.
    NotFound,
    OtherMethod,
    /// The visitor's role does not go so far, or nothing may be changed here at all.
    Forbidden {
        is_read_only: bool,
        visitor: Box<Visitor>,
    },
    SignInFirst {
        to: Option<String>,
    },
    /// The second factor is missing.
    CodeFirst,
    /// Somebody who has signed in wants to.
    Home,
    /// A proxy names somebody who is nobody here.
    Stranger,
    /// Another site's page sent the form.
    FromElsewhere,
    /// What was sent cannot be read as the form that it should be.
    BadForm(&'static str),
    /// The database, or what it needs, is not there now. Nothing was changed.
    Busy,
    Broken(storage::Error),
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, _) = self.said();
        f.write_str(title)
    }
}

impl From<storage::Error> for PageError {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Unavailable(_) => {
                tracing::warn!(%error, "answering 503");
                Self::Busy
            }
            storage::Error::Fault(_) => Self::Broken(error),
        }
    }
}

/// Nobody knows whether the codes went out; asked for again, nobody gets two.
impl From<storage::AllocationsUnavailable> for PageError {
    fn from(error: storage::AllocationsUnavailable) -> Self {
        tracing::warn!(%error, "codes could not be handed out");
        Self::Busy
    }
}

impl From<storage::AuthenticationError> for PageError {
    fn from(error: storage::AuthenticationError) -> Self {
        match error {
            storage::AuthenticationError::Busy => Self::Busy,
            storage::AuthenticationError::Storage(error) => error.into(),
        }
    }
}

impl PageError {
    /// What happened, and what to do.
    fn said(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (
                "Not found",
                "There is nothing at this address, or it belongs to a workspace that you are not a member of.",
            ),
            Self::OtherMethod => ("Not found", "This address cannot be used in this way."),
            Self::Forbidden {
                is_read_only: true, ..
            } => (
                "Nothing can be changed here",
                "This console is read-only. Its operator can change that (COUPONRY_CONSOLE=on).",
            ),
            Self::Forbidden { .. } => (
                "Not allowed",
                "Your role in this workspace does not allow this. One of its admins can change that.",
            ),
            Self::SignInFirst { .. } | Self::CodeFirst | Self::Home => ("Sign in", ""),
            Self::Stranger => (
                "Nobody here has your address",
                "You were signed in before you came here, with an e-mail address that nobody here has, or whose person was shut \
                 out. An admin of a workspace can invite you.",
            ),
            Self::FromElsewhere => (
                "Refused",
                "The form came from another site, and nothing was done. Open the page here and try again.",
            ),
            Self::BadForm(why) => ("That could not be read", why),
            Self::Busy => (
                "Not available right now",
                "The database does not answer. Nothing was changed; try again in a moment.",
            ),
            Self::Broken(_) => (
                "Something went wrong",
                "Nothing more is known here than in the server's log, under the number below. Try again, or ask whoever runs this \
                 service.",
            ),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::OtherMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden { .. } | Self::Stranger | Self::FromElsewhere => StatusCode::FORBIDDEN,
            Self::SignInFirst { .. } | Self::CodeFirst | Self::Home => StatusCode::SEE_OTHER,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let to = match self {
            Self::SignInFirst { to: Some(to) } => {
                let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
                Some(format!("{ROOT}/sign-in?to={to}"))
            }
            Self::SignInFirst { to: None } => Some(format!("{ROOT}/sign-in")),
            Self::CodeFirst => Some(format!("{ROOT}/sign-in/code")),
            Self::Home => Some(ROOT.to_owned()),
            _ => None,
        };
        if let Some(to) = to {
            return HttpResponse::SeeOther()
                .insert_header((header::LOCATION, to))
                .finish();
        }
        let number = match self {
            Self::Broken(error) => {
                let number = format!("{:08x}", rand::random::<u32>());
                tracing::error!(%error, number, "a page cannot be made");
                Some(number)
            }
            _ => None,
        };
        let (title, why) = self.said();
        let visitor = match self {
            Self::Forbidden { visitor, .. } => Some(&**visitor),
            _ => None,
        };
        let page = ErrorPage {
            frame: Frame::new(title, "", visitor),
            why,
            number,
            may_retry: matches!(self, Self::Busy | Self::Broken(_)),
        };
        let mut answer = HttpResponse::build(self.status_code());
        if matches!(self, Self::Busy) {
            answer.insert_header((header::RETRY_AFTER, "5"));
        }
        answer
            .content_type("text/html; charset=utf-8")
            .body(page.render().unwrap_or_else(|_| title.to_owned()))
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame<'a>,
    why: &'static str,
    number: Option<String>,
    may_retry: bool,
}

pub(crate) async fn nowhere() -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}

pub(crate) async fn other_method() -> Result<HttpResponse, PageError> {
    Err(PageError::OtherMethod)
}
