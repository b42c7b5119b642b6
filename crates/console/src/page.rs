//! What stands round every page.

use actix_web::{HttpResponse, http::header};
use askama::Template;
use domain::Role;

use crate::{
    ROOT, assets,
    error::PageError,
    visitor::{Visitor, workspace_path},
};

/// Title, ways to go, and who is there.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    /// Which way of the navigation leads here.
    section: &'static str,
    visitor: Option<&'a Visitor>,
}

/// A way to go.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) is_here: bool,
}

/// A workspace to go to.
pub(crate) struct Elsewhere<'a> {
    pub(crate) name: &'a str,
    pub(crate) href: String,
    pub(crate) is_here: bool,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(title: &'a str, section: &'static str, visitor: Option<&'a Visitor>) -> Self {
        Self {
            title,
            section,
            visitor,
        }
    }

    /// Of somebody who has signed in.
    pub(crate) fn of(title: &'a str, section: &'static str, visitor: &'a Visitor) -> Self {
        Self::new(title, section, Some(visitor))
    }

    pub(crate) fn person(&self) -> Option<&'a str> {
        self.visitor
            .filter(|visitor| !visitor.session.is_half)
            .map(|visitor| visitor.person().name.as_str())
    }

    pub(crate) fn workspace(&self) -> Option<&'a str> {
        Some(self.visitor?.membership()?.name.as_str())
    }

    pub(crate) fn message(&self) -> Option<&'a str> {
        self.visitor?.message()
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.visitor
            .is_some_and(|visitor| visitor.mode == crate::Mode::ReadOnly)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.visitor.is_some_and(|visitor| visitor.is_paused)
    }

    pub(crate) fn find(&self) -> Option<String> {
        let visitor = self.visitor?;
        visitor.membership().map(|_| visitor.path("/find"))
    }

    /// The parts of a workspace that the visitor may look at.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let Some(visitor) = self.visitor.filter(|visitor| visitor.membership().is_some()) else {
            return Vec::new();
        };
        let admin = visitor.membership().is_some_and(|here| here.role == Role::Admin);
        let ways = [
            ("Lists", "lists", true),
            ("Find", "find", true),
            ("Reports", "reports", true),
            ("Access", "access", admin),
            ("People", "people", admin),
            ("Activity", "activity", true),
        ];
        ways.into_iter()
            .filter(|(_, _, shown)| *shown)
            .map(|(name, section, _)| Way {
                name,
                href: visitor.path(&format!("/{section}")),
                is_here: section == self.section,
            })
            .collect()
    }

    /// The visitor's workspaces, if there are several.
    pub(crate) fn workspaces(&self) -> Vec<Elsewhere<'a>> {
        let Some(visitor) = self
            .visitor
            .filter(|visitor| visitor.session.memberships.len() > 1)
        else {
            return Vec::new();
        };
        let all = visitor.session.memberships.iter().enumerate();
        all.map(|(index, membership)| Elsewhere {
            name: &membership.name,
            href: format!("{}/lists", workspace_path(membership)),
            is_here: visitor.here == Some(index),
        })
        .collect()
    }

    /// The address of a file that pages are drawn with.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    pub(crate) fn asset(&self, file: &str) -> String {
        assets::path(file)
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    pub(crate) fn root(&self) -> &'static str {
        ROOT
    }
}

pub(crate) fn render(page: &impl Template) -> Result<HttpResponse, PageError> {
    answer(HttpResponse::Ok(), page)
}

/// A form with what is wrong with it.
pub(crate) fn render_refused(page: &impl Template) -> Result<HttpResponse, PageError> {
    answer(HttpResponse::UnprocessableEntity(), page)
}

/// Where somebody else's service is needed, and away.
pub(crate) fn render_away(page: &impl Template) -> Result<HttpResponse, PageError> {
    let mut away = HttpResponse::ServiceUnavailable();
    away.insert_header((header::RETRY_AFTER, "5"));
    answer(away, page)
}

fn answer(
    mut answer: actix_web::HttpResponseBuilder,
    page: &impl Template,
) -> Result<HttpResponse, PageError> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a template cannot be rendered");
        PageError::Busy
    })?;
    Ok(answer.content_type("text/html; charset=utf-8").body(text))
}

/// After a form: the browser asks for this page, and going back does not send the form again.
pub(crate) fn see(path: impl Into<String>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path.into()))
        .finish()
}
