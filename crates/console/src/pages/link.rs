//! Links that open once: the first start's, invitations, new passwords, and those that sign in.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::{Name, Subscribers};
use secrecy::{ExposeSecret as _, SecretString};
use storage::{AcceptLink, AcceptLinkRefusal, LinkKind, Token};

use super::sign_in::{self, Way, add_cookie, way};
use crate::{
    Console, ROOT,
    error::PageError,
    form::Form,
    guard,
    page::{Frame, render, render_refused, see},
};

/// NIST SP 800-63B-4: fifteen where nothing else is asked for. A person may add a second factor later.
pub(crate) const LEAST_PASSWORD: usize = 15;
const MOST_PASSWORD: usize = 1_024;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'a> {
    frame: Frame<'a>,
    kind: LinkKind,
    name: &'a str,
    email: &'a str,
    refusal: Option<String>,
    least: usize,
    /// Whoever proves the invited address elsewhere needs no link.
    provider: Option<Way<'a>>,
}

#[derive(Template)]
#[template(path = "link_gone.html")]
struct GonePage<'a> {
    frame: Frame<'a>,
}

/// `GET /console/link/{token}`: looking does not use it up, since mail programs look at links.
pub(crate) async fn show(
    console: web::Data<Console>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    match kind_of(&console, &request).await? {
        Some((_, kind)) => render(&page(&console, kind, &Form::default(), None)),
        None => gone(),
    }
}

/// `POST /console/link/{token}`
pub(crate) async fn accept(
    console: web::Data<Console>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let Some((token, kind)) = kind_of(&console, &request).await? else {
        return gone();
    };
    let storage = &console.storage;
    let accepted = match &kind {
        LinkKind::SignIn => {
            return match storage.follow_sign_in_link(&token).await? {
                Some(person) => sign_in::begin(&console, &request, &person, false, "").await,
                None => gone(),
            };
        }
        LinkKind::Password { .. } => {
            return match password_in(&form) {
                Err(refusal) => render_refused(&page(&console, kind, &form, Some(refusal))),
                Ok(password) if storage.choose_password(&token, &password).await? => {
                    Ok(see(format!("{ROOT}/sign-in")))
                }
                Ok(_) => gone(),
            };
        }
        // Whoever has an account proves it by signing in.
        LinkKind::Invitation { is_known: true, .. } => {
            return match storage.accept_invitation_as_known(&token).await? {
                AcceptLink::Accepted(_) => Ok(see(format!("{ROOT}/sign-in"))),
                AcceptLink::Refused(_) => gone(),
            };
        }
        LinkKind::Setup | LinkKind::Invitation { .. } => {
            let told = named(&form).and_then(|name| Ok((name, password_in(&form)?)));
            let (name, password) = match told {
                Ok(told) => told,
                Err(refusal) => return render_refused(&page(&console, kind, &form, Some(refusal))),
            };
            if kind == LinkKind::Setup {
                if let Err(refusal) = is_address(form.text("email")) {
                    return render_refused(&page(&console, kind, &form, Some(refusal)));
                }
                storage
                    .set_up(&token, form.text("email"), &name, &password)
                    .await?
            } else {
                storage.accept_invitation(&token, &name, &password).await?
            }
        }
    };
    match accepted {
        AcceptLink::Accepted(person) => enter(&console, &request, person).await,
        AcceptLink::Refused(AcceptLinkRefusal::Gone | AcceptLinkRefusal::SetUp) => gone(),
        // The page that the link shows now asks for no name and no password.
        AcceptLink::Refused(AcceptLinkRefusal::OtherPerson) => Ok(see(request.path().to_owned())),
    }
}

/// Signs somebody in who has just been made.
async fn enter(console: &Console, request: &HttpRequest, person: i64) -> Result<HttpResponse, PageError> {
    let (address, agent) = (guard::address(console, request), guard::agent(request));
    let begun = console.storage.begin_session_of(person, false, &address, &agent);
    let mut answer = see(ROOT);
    add_cookie(&mut answer, guard::cookie(console, &begun.await?))?;
    Ok(answer)
}

async fn kind_of(console: &Console, request: &HttpRequest) -> Result<Option<(Token, LinkKind)>, PageError> {
    let Some(token) = request.match_info().get("token").and_then(Token::read) else {
        return Ok(None);
    };
    let link = console.storage.one_time_link(&token).await?;
    Ok(link.map(|link| (token, link.kind)))
}

fn gone() -> Result<HttpResponse, PageError> {
    render_refused(&GonePage {
        frame: Frame::new("This link opens nothing any more", "", None),
    })
}

fn page<'a>(console: &'a Console, kind: LinkKind, said: &'a Form, refusal: Option<String>) -> LinkPage<'a> {
    let title = match kind {
        LinkKind::Setup => "Set up couponry",
        LinkKind::Invitation { .. } => "Accept the invitation",
        LinkKind::Password { .. } => "Choose a password",
        LinkKind::SignIn => "Sign in",
    };
    LinkPage {
        frame: Frame::new(title, "", None),
        kind,
        name: said.text("name"),
        email: said.text("email"),
        refusal,
        least: LEAST_PASSWORD,
        provider: way(console, ""),
    }
}

fn named(form: &Form) -> Result<Name, String> {
    Name::new(form.text("name")).map_err(|error| format!("The name {error}."))
}

/// As the addresses of a list's subscribers are judged.
pub fn is_address(text: &str) -> Result<(), String> {
    match Subscribers::new(vec![text.to_owned()]) {
        Ok(_) => Ok(()),
        Err(_) => Err("The e-mail address must be a plain one, like jane@example.com.".to_owned()),
    }
}

pub(crate) fn password_in(form: &Form) -> Result<SecretString, String> {
    let password = form.secret("password");
    let length = password.expose_secret().chars().count();
    if length < LEAST_PASSWORD {
        return Err(format!(
            "The password must have at least {LEAST_PASSWORD} characters; a few words make a good one."
        ));
    }
    if length > MOST_PASSWORD {
        return Err(format!(
            "The password must have at most {MOST_PASSWORD} characters."
        ));
    }
    if form.exact("password") != form.exact("again") {
        return Err("The two passwords are not the same.".to_owned());
    }
    Ok(password)
}
