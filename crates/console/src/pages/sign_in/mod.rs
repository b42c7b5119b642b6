//! Coming in, and going.

pub(crate) mod code;
pub(crate) mod provider;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use storage::{Person, SignIn, SignInAttempt};
use url::form_urlencoded;

use crate::{
    Console, ROOT,
    error::PageError,
    form::Form,
    guard,
    page::{Frame, render, render_refused, see},
    proxied,
    visitor::Visitor,
};

pub(crate) const TOO_OFTEN: &str = "Too many wrong attempts from here. Try again in a quarter of an hour.";

#[derive(Template)]
#[template(path = "sign_in/show.html")]
struct SignInPage<'a> {
    frame: Frame<'a>,
    email: &'a str,
    /// Where to go then.
    to: &'a str,
    refusal: Option<&'static str>,
    /// Whom else one may sign in by, and where that begins.
    provider: Option<Way<'a>>,
    /// Whom a proxy has signed in.
    proxied: Option<String>,
    /// Cookies would go over the network as they are.
    is_unsafe: bool,
}

/// A way in that leads by somebody else.
pub(crate) struct Way<'a> {
    pub(crate) name: &'a str,
    pub(crate) href: String,
}

/// The identity provider, if there is one; `to` is a page to see then.
pub(crate) fn way<'a>(console: &'a Console, to: &str) -> Option<Way<'a>> {
    let provider = console.provider.as_ref()?;
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    Some(Way {
        name: provider.name(),
        href: format!("{ROOT}/sign-in/provider?to={to}"),
    })
}

/// `GET /console/sign-in`
pub(crate) async fn show(
    console: web::Data<Console>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let asked = Form::of_query(&request);
    render(&page(&console, &request, &asked, None))
}

/// `POST /console/sign-in`
pub(crate) async fn sign_in(
    console: web::Data<Console>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    if is_unsafe(&console, &request) {
        return render_refused(&page(&console, &request, &form, None));
    }
    let address = guard::address(&console, &request);
    let attempt = SignInAttempt {
        email: form.text("email"),
        password: &form.secret("password"),
        address: &address,
    };
    let refusal = match console.storage.sign_in(&attempt).await? {
        SignIn::Right(person) => {
            return begin(
                &console,
                &request,
                &person,
                person.has_second_factor,
                form.text("to"),
            )
            .await;
        }
        SignIn::Wrong => "That e-mail address and password do not belong together.",
        SignIn::TooOften => TOO_OFTEN,
    };
    render_refused(&page(&console, &request, &form, Some(refusal)))
}

/// Signs the person in, in this browser.
pub(crate) async fn begin(
    console: &Console,
    request: &HttpRequest,
    person: &Person,
    is_half: bool,
    to: &str,
) -> Result<HttpResponse, PageError> {
    end_former(console, request).await?;
    let (address, agent) = (guard::address(console, request), guard::agent(request));
    let begun = console.storage.begin_session(person, is_half, &address, &agent);
    let token = begun.await?;
    let to = if is_half {
        format!("{ROOT}/sign-in/code")
    } else {
        within(to).to_owned()
    };
    let mut answer = see(to);
    add_cookie(&mut answer, guard::cookie(console, &token))?;
    Ok(answer)
}

/// The browser may have had another session: what was known of it opens nothing any more.
async fn end_former(console: &Console, request: &HttpRequest) -> Result<(), PageError> {
    if let Some(former) = guard::presented(request) {
        console.storage.end_session(&former).await?;
    }
    Ok(())
}

/// `POST /console/sign-out`
pub(crate) async fn sign_out(
    console: web::Data<Console>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    console.storage.end_session(&visitor.token).await?;
    let mut answer = see(format!("{ROOT}/sign-in"));
    add_cookie(&mut answer, guard::no_cookie(&console))?;
    Ok(answer)
}

pub(crate) fn add_cookie(
    answer: &mut HttpResponse,
    cookie: actix_web::cookie::Cookie<'static>,
) -> Result<(), PageError> {
    answer.add_cookie(&cookie).map_err(|_| PageError::Busy)
}

/// A page of the console, or its first one: a link must not lead from the sign-in to somebody else's site.
fn within(to: &str) -> &str {
    let rest = to.strip_prefix(ROOT);
    let is_ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    if is_ours && !to.contains('\\') && !to.contains(char::is_control) {
        to
    } else {
        ROOT
    }
}

fn page<'a>(
    console: &'a Console,
    request: &HttpRequest,
    said: &'a Form,
    refusal: Option<&'static str>,
) -> SignInPage<'a> {
    SignInPage {
        frame: Frame::new("Sign in", "", None),
        email: said.text("email"),
        to: said.text("to"),
        refusal,
        provider: way(console, said.text("to")),
        proxied: proxied::named(console, request),
        is_unsafe: is_unsafe(console, request),
    }
}

/// Plain http to another machine, without an operator who has said that it is meant so.
fn is_unsafe(console: &Console, request: &HttpRequest) -> bool {
    if console.is_public_url_set {
        return false;
    }
    let connection = request.connection_info();
    let host = connection
        .host()
        .rsplit_once(':')
        .map_or(connection.host(), |(host, _)| host);
    !matches!(host, "localhost" | "[::1]") && !host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn nobody_is_led_elsewhere() {
        for (to, leads) in [
            ("/console/w/a/lists?q=1", "/console/w/a/lists?q=1"),
            ("/console", "/console"),
            ("/consoles", "/console"),
            ("//evil.example", "/console"),
            ("https://evil.example/console", "/console"),
            ("/console/\\evil.example", "/console"),
            ("/console/a\0b", "/console"),
            ("", "/console"),
        ] {
            assert_eq!(within(to), leads, "{to}");
        }
    }
}
