//! `GET /console/account`

use actix_web::{HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::Role;
use jiff::Timestamp;
use storage::{Membership, OpenSession};

use super::account_path;
use crate::{
    Console,
    error::PageError,
    page::{Frame, render, render_refused},
    pages::link::LEAST_PASSWORD,
    shown,
    visitor::{Visitor, workspace_path},
};

/// A browser in which the person has signed in.
struct Browser {
    agent: String,
    address: String,
    since: Safe<String>,
    seen: String,
    is_this: bool,
}

/// A workspace to go to.
struct Place<'a> {
    name: &'a str,
    href: String,
    role: Role,
}

/// Which form was refused, and why.
#[derive(Default)]
pub(super) struct Refusals {
    pub(super) password: Option<String>,
    pub(super) second_factor: Option<String>,
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    name: &'a str,
    email: &'a str,
    workspaces: Vec<Place<'a>>,
    has_second_factor: bool,
    browsers: Vec<Browser>,
    refusals: Refusals,
    least: usize,
    may_change: bool,
    password: String,
    second_factor: String,
    second_factor_off: String,
    sign_out_elsewhere: String,
}

/// `GET /console/account`
pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    render(&page(&console, &visitor, Refusals::default()).await?)
}

pub(super) async fn refused(
    console: &Console,
    visitor: &Visitor,
    refusals: Refusals,
) -> Result<HttpResponse, PageError> {
    render_refused(&page(console, visitor, refusals).await?)
}

async fn page<'a>(
    console: &Console,
    visitor: &'a Visitor,
    refusals: Refusals,
) -> Result<AccountPage<'a>, PageError> {
    let person = visitor.person();
    let sessions = console.storage.sessions_of(person, &visitor.token).await?;
    let now = console.storage.now().await?;
    Ok(AccountPage {
        frame: Frame::of("Your account", "", visitor),
        name: &person.name,
        email: &person.email,
        workspaces: visitor.session.memberships.iter().map(place).collect(),
        has_second_factor: person.has_second_factor,
        browsers: sessions
            .into_iter()
            .map(|session| browser(console, session, now))
            .collect(),
        refusals,
        least: LEAST_PASSWORD,
        may_change: visitor.mode == crate::Mode::On,
        password: account_path("/password"),
        second_factor: account_path("/second-factor"),
        second_factor_off: account_path("/second-factor/off"),
        sign_out_elsewhere: account_path("/sign-out-elsewhere"),
    })
}

fn place(membership: &Membership) -> Place<'_> {
    Place {
        name: &membership.name,
        href: format!("{}/lists", workspace_path(membership)),
        role: membership.role,
    }
}

fn browser(console: &Console, session: OpenSession, now: Timestamp) -> Browser {
    Browser {
        agent: named(&session.agent),
        address: session.address,
        since: shown::time(session.created_at, &console.zone),
        seen: shown::away(session.seen_at, now),
        is_this: session.is_this,
    }
}

/// `Firefox on Linux`, as far as the browser says so; else what it calls itself.
fn named(agent: &str) -> String {
    // The first that fits: most browsers say that they are several.
    let find = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let program = find(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, _) => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_browser_is_named_by_what_it_is_and_not_by_all_that_it_says() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.9", "curl/8.9"),
        ] {
            assert_eq!(named(agent), name);
        }
    }
}
