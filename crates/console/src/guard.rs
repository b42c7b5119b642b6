//! Who may see what: judged before any handler, by the table of routes.

use actix_web::{
    Error, HttpMessage as _, HttpRequest, ResponseError as _,
    body::MessageBody,
    cookie::{Cookie, SameSite, time},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{Method, header},
    middleware::Next,
    rt, web,
};
use domain::Role;
use storage::{Membership, Spent, Token};
use url::Url;

use crate::{
    Console, Mode, ROOT,
    error::PageError,
    proxied::{self, Begun},
    routes::{self, Needs},
    visitor::Visitor,
};

/// What changes something is a task of its own: a browser that hangs up drops the answer, but neither the change nor its entry
/// in the audit log.
pub(crate) async fn judge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let admitted = admit(request.request()).await;
    let begun = request.extensions().get::<Begun>().cloned();
    let begun = begun.zip(request.app_data::<web::Data<Console>>().cloned());
    let begun = begun.map(|(Begun(token), console)| cookie(&console, &token));
    if let Err(refusal) = admitted {
        let mut answer = refusal.error_response();
        if let Some(cookie) = begun {
            answer.add_cookie(&cookie)?;
        }
        return Err(InternalError::from_response(refusal, answer).into());
    }
    let mut answer = if is_safe(request.method()) {
        next.call(request).await?
    } else {
        let call = Spent::by(async move { next.call(request).await });
        let (answer, spent) = rt::spawn(call).await.map_err(|_| PageError::Busy)?;
        spent.charge();
        answer?
    };
    if let Some(cookie) = begun {
        answer.response_mut().add_cookie(&cookie)?;
    }
    Ok(answer)
}

async fn admit(request: &HttpRequest) -> Result<(), PageError> {
    let console = request.app_data::<web::Data<Console>>().ok_or(PageError::Busy)?;
    if !is_safe(request.method()) && is_from_elsewhere(request) {
        return Err(PageError::FromElsewhere);
    }
    let Some(route) = request
        .match_pattern()
        .and_then(|pattern| routes::of(request.method(), &pattern))
    else {
        // Nothing is there, which is said to anybody alike.
        return Ok(());
    };
    if route.needs == Needs::Nothing {
        return Ok(());
    }
    let proxied = proxied::session(console, request).await?;
    let (token, session) = if let Some(known) = proxied {
        known
    } else {
        let token = presented(request).ok_or_else(|| sign_in_first(request))?;
        let session = console.storage.session(&token).await?;
        (token, session.ok_or_else(|| sign_in_first(request))?)
    };
    if session.is_half != (route.needs == Needs::Password) && (session.is_half || route.path != "/sign-out") {
        return Err(if session.is_half {
            PageError::CodeFirst
        } else {
            PageError::Home
        });
    }
    let here = workspace_in_path(request, &session.memberships);
    let visitor = Visitor {
        token,
        session,
        here,
        mode: console.mode,
        is_paused: console.allocator.paused().is_some(),
    };
    if let Some(least) = least_role(route.needs) {
        // Whether another workspace is there is nobody's business.
        visitor.workspace()?;
        let reads = is_safe(request.method()) && visitor.membership().is_some_and(|here| here.role >= least);
        if !visitor.may(least) && !reads {
            return Err(PageError::Forbidden {
                is_read_only: console.mode == Mode::ReadOnly,
                visitor: Box::new(visitor),
            });
        }
    }
    if route.needs == Needs::Person && console.mode == Mode::ReadOnly && !is_safe(request.method()) {
        return Err(PageError::Forbidden {
            is_read_only: true,
            visitor: Box::new(visitor),
        });
    }
    request.extensions_mut().insert(visitor);
    Ok(())
}

/// The least that a member may be.
fn least_role(needs: Needs) -> Option<Role> {
    match needs {
        Needs::Nothing | Needs::Password | Needs::Person => None,
        Needs::Viewer => Some(Role::Viewer),
        Needs::Manager => Some(Role::Manager),
        Needs::Admin => Some(Role::Admin),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn sign_in_first(request: &HttpRequest) -> PageError {
    let to = is_safe(request.method()).then(|| request.uri().to_string());
    PageError::SignInFirst { to }
}

fn workspace_in_path(request: &HttpRequest, memberships: &[Membership]) -> Option<usize> {
    // The path's parameters are found after this.
    let rest = request.path().strip_prefix(ROOT)?.strip_prefix("/w/")?;
    let encoded = rest.split('/').next()?;
    let id = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    memberships
        .iter()
        .position(|membership| membership.workspace.public_id.as_str() == id)
}

/// Whether a page of another origin sent the request, as Go's CrossOriginProtection judges it: browsers say so, and what says
/// nothing is no browser.
fn is_from_elsewhere(request: &HttpRequest) -> bool {
    let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = said("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = said("origin") else {
        return false;
    };
    let host = said("host").unwrap_or_default();
    let of_origin = Url::parse(origin).ok().and_then(|url| {
        let host = url.host_str()?;
        Some(
            url.port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        )
    });
    of_origin.as_deref() != Some(host)
}

/// `__Host-` binds the cookie to https and this host.
fn cookie_name(console: &Console) -> &'static str {
    if console.is_https() {
        "__Host-couponry"
    } else {
        "couponry"
    }
}

/// The session's token that the browser has.
pub(crate) fn presented(request: &HttpRequest) -> Option<Token> {
    let console = request.app_data::<web::Data<Console>>()?;
    Token::read(request.cookie(cookie_name(console))?.value())
}

/// The cookie of a session; it ends with the browser, or after a week in the database.
pub(crate) fn cookie(console: &Console, token: &Token) -> Cookie<'static> {
    Cookie::build(cookie_name(console), token.secret())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(console.is_https())
        .max_age(time::Duration::days(7))
        .finish()
}

/// Takes the cookie back.
pub(crate) fn no_cookie(console: &Console) -> Cookie<'static> {
    let mut cookie = Cookie::build(cookie_name(console), "").path("/").finish();
    cookie.make_removal();
    cookie
}

/// The cookie of a browser that was sent to the identity provider. Each visit has its own: two tabs may be on their way at once.
fn visit_cookie_name(console: &Console, state: &str) -> String {
    let name = if console.is_https() {
        "__Host-couponry-visit"
    } else {
        "couponry-visit"
    };
    let visit: String = state.chars().take(12).collect();
    format!("{name}-{visit}")
}

/// The token of the visit that the provider's answer names, if it began in this browser.
pub(crate) fn presented_visit(console: &Console, request: &HttpRequest, state: &str) -> Option<Token> {
    let token = Token::read(request.cookie(&visit_cookie_name(console, state))?.value())?;
    (token.derive("state") == state).then_some(token)
}

/// Lax, since the provider's site leads the browser back.
pub(crate) fn visit_cookie(console: &Console, token: &Token) -> Cookie<'static> {
    Cookie::build(visit_cookie_name(console, &token.derive("state")), token.secret())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(console.is_https())
        .max_age(time::Duration::minutes(10))
        .finish()
}

/// Where the request came from, for counting and for the list of browsers.
pub(crate) fn address(console: &Console, request: &HttpRequest) -> String {
    (console.client)(request).map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}

pub(crate) fn agent(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("unknown")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(255)
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::is_from_elsewhere;

    #[test]
    fn a_form_of_another_origin_is_told_from_our_own() {
        for (headers, elsewhere) in [
            (&[("sec-fetch-site", "same-origin")][..], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (
                &[("origin", "https://coupons.example"), ("host", "coupons.example")],
                false,
            ),
            (
                &[("origin", "http://localhost:8080"), ("host", "localhost:8080")],
                false,
            ),
            (
                &[("origin", "https://evil.example"), ("host", "coupons.example")],
                true,
            ),
            (&[("origin", "null"), ("host", "coupons.example")], true),
            (&[("host", "coupons.example")], false),
        ] {
            let mut request = TestRequest::post();
            for header in headers {
                request = request.insert_header(*header);
            }
            assert_eq!(
                is_from_elsewhere(&request.to_http_request()),
                elsewhere,
                "{headers:?}"
            );
        }
    }
}
