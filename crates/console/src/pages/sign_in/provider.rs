//! `/console/sign-in/provider`: to the identity provider, and back. It begins by a link and not by a form, since browsers hold the whole
//! way against what the page says of its forms.
//!
//! A browser that hangs up in between loses its way only: a visit counts once, and nobody is signed in before the last step.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use domain::Name;
use identity::{Provider, ProviderError, Somebody, Visit};
use storage::{ProviderRole, ProviderSignIn, SignInByProviderRefusal, Token, Vouched};

use super::{Way, add_cookie, end_former, way, within};
use crate::{
    Console, ROOT,
    error::PageError,
    form::Form,
    guard,
    page::{Frame, render_away, render_refused, see},
};

/// Longer addresses of pages are forgotten on the way.
const MOST_ADDRESS: usize = 2_048;

#[derive(Template)]
#[template(path = "sign_in/provider_failed.html")]
struct FailedPage<'a> {
    frame: Frame<'a>,
    why: String,
    again: Option<Way<'a>>,
}

/// What goes along, made of the token in the browser's cookie: whoever has one of them has neither another nor the token.
struct Secrets {
    back_to: String,
    state: String,
    nonce: String,
    verifier: String,
}

impl Secrets {
    fn of(console: &Console, token: &Token) -> Self {
        Self {
            back_to: format!("{}{ROOT}/sign-in/provider/back", console.public_url),
            state: token.derive("state"),
            nonce: token.derive("nonce"),
            verifier: token.derive("verifier"),
        }
    }

    fn visit(&self) -> Visit<'_> {
        Visit {
            back_to: &self.back_to,
            state: &self.state,
            nonce: &self.nonce,
            verifier: &self.verifier,
        }
    }
}

/// `GET /console/sign-in/provider`
pub(crate) async fn start(
    console: web::Data<Console>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let provider = console.provider.as_ref().ok_or(PageError::NotFound)?;
    let asked = Form::of_query(&request);
    let to = Some(within(asked.text("to"))).filter(|to| to.len() <= MOST_ADDRESS);
    let token = console.storage.begin_provider_visit(to.unwrap_or(ROOT)).await?;
    match provider.address(Secrets::of(&console, &token).visit()).await {
        Ok(address) => {
            let mut answer = see(address);
            add_cookie(&mut answer, guard::visit_cookie(&console, &token))?;
            Ok(answer)
        }
        Err(error) => failed(&console, provider, error),
    }
}

/// `GET /console/sign-in/provider/back`
pub(crate) async fn finish(
    console: web::Data<Console>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let provider = console.provider.as_ref().ok_or(PageError::NotFound)?;
    let said = Form::of_query(&request);
    // What another browser, or another site, began is not gone on with, and ends nothing.
    let Some(token) = guard::presented_visit(&console, &request, said.exact("state")) else {
        return not_in(
            &console,
            "This browser did not begin the sign-in that it came back from.".to_owned(),
        );
    };
    let Some(to) = console.storage.end_provider_visit(&token).await? else {
        return not_in(
            &console,
            "The sign-in took more than ten minutes, or was finished before.".to_owned(),
        );
    };
    if said.has("iss") && said.exact("iss") != provider.issuer() {
        return failed(
            &console,
            provider,
            ProviderError::Untrue("the answer is another provider's"),
        );
    }
    if said.has("error") {
        return failed(
            &console,
            provider,
            ProviderError::Untrue("it, or you there, broke the sign-in off"),
        );
    }
    let visit = Secrets::of(&console, &token);
    let somebody = match provider.somebody(said.exact("code"), visit.visit()).await {
        Ok(somebody) => somebody,
        Err(error) => return failed(&console, provider, error),
    };
    let person = match known(&console, provider, &somebody).await? {
        ProviderSignIn::Known(person) => person,
        ProviderSignIn::Refused(refusal) => {
            tracing::warn!(
                ?refusal,
                "the identity provider vouched for somebody who is not let in"
            );
            return not_in(&console, words(refusal, provider.name()));
        }
    };
    end_former(&console, &request).await?;
    let (address, agent) = (guard::address(&console, &request), guard::agent(&request));
    // The second factor is the provider's matter.
    let begun = console.storage.begin_session_of(person, false, &address, &agent);
    let mut answer = see(to);
    add_cookie(&mut answer, guard::cookie(&console, &begun.await?))?;
    Ok(answer)
}

async fn known(
    console: &Console,
    provider: &Provider,
    somebody: &Somebody,
) -> Result<ProviderSignIn, PageError> {
    let email = somebody.verified_email.as_deref();
    // One that would not be taken elsewhere is nobody's.
    let email = email.filter(|email| crate::check_address(email).is_ok());
    let name = somebody
        .name
        .as_deref()
        .and_then(|name| Name::new(name.trim()).ok());
    let roles = somebody.grants.as_ref().map(|grants| {
        let role = |grant: &identity::Grant| ProviderRole {
            workspace: grant.workspace.clone(),
            role: grant.role,
        };
        grants.iter().map(role).collect::<Vec<_>>()
    });
    let vouched = Vouched {
        issuer: provider.issuer(),
        subject: &somebody.subject,
        verified_email: email,
        name: name.as_ref().map_or(email.unwrap_or("unknown"), Name::as_str),
        roles: roles.as_deref(),
    };
    Ok(console.storage.sign_in_by_provider(&vouched).await?)
}

fn words(refusal: SignInByProviderRefusal, provider: &str) -> String {
    match refusal {
        SignInByProviderRefusal::Unverified => format!(
            "{provider} does not say that your e-mail address is verified, and by another one nobody can be found here. Verify it \
             there, and sign in again."
        ),
        SignInByProviderRefusal::Unknown => format!(
            "You are signed in at {provider}, but nobody here has your address, and {provider} gives you no role here. An admin of \
             a workspace can invite you; whoever runs {provider} may give you a role."
        ),
        SignInByProviderRefusal::OtherSubject => format!(
            "Somebody here has your address, and signs in by another account of {provider}. If the address has become yours, ask \
             for a link for a new password: with it the other account is forgotten."
        ),
        SignInByProviderRefusal::Disabled => {
            "You were shut out here. Whoever runs this service knows why.".to_owned()
        }
    }
}

fn failed(console: &Console, provider: &Provider, error: ProviderError) -> Result<HttpResponse, PageError> {
    tracing::warn!(%error, "a sign-in by the identity provider failed");
    let name = provider.name();
    match error {
        ProviderError::Away(_) => {
            let why = format!("{name} cannot be reached: {error}. Passwords are taken as ever.");
            render_away(&page(console, why))
        }
        ProviderError::Untrue(_) => not_in(console, format!("{name} did not sign you in: {error}.")),
    }
}

fn not_in(console: &Console, why: String) -> Result<HttpResponse, PageError> {
    render_refused(&page(console, why))
}

fn page(console: &Console, why: String) -> FailedPage<'_> {
    FailedPage {
        frame: Frame::new("You are not signed in", "", None),
        why,
        again: way(console, ""),
    }
}
