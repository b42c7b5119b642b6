//! `/console/account/second-factor`: an app that makes codes, asked for after the password.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{QrCode, render::svg};
use rand::seq::IndexedRandom as _;
use storage::SignIn;
use totp_rs::Secret;

use super::{
    TOO_OFTEN, account_path, attempt,
    show::{Refusals, refused},
};
use crate::{
    Console,
    error::PageError,
    form::Form,
    guard,
    page::{Frame, render, render_refused, see},
    pages::sign_in::code::{code_in, step_of},
    visitor::Visitor,
};

/// As RFC 4226 recommends, and every app takes.
const SECRET_BYTES: usize = 20;
/// Codes for when the app is lost, and how many letters one has: 80 random bits.
const RECOVERY_CODES: usize = 10;
const RECOVERY_LETTERS: usize = 16;
/// 32 letters and digits, without those that look like others.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// Pixels of the picture, at least.
const PICTURE: u32 = 220;

#[derive(Template)]
#[template(path = "account/second_factor.html")]
struct SecondFactorPage<'a> {
    frame: Frame<'a>,
    picture: Safe<String>,
    /// In the page and in the person's app only, until a code shows that the app has it.
    secret: String,
    refusal: Option<&'static str>,
    action: String,
    back: String,
}

#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
struct RecoveryCodesPage<'a> {
    frame: Frame<'a>,
    codes: Vec<String>,
    back: String,
}

fn page<'a>(
    visitor: &'a Visitor,
    secret: &Secret,
    refusal: Option<&'static str>,
) -> Result<SecondFactorPage<'a>, PageError> {
    Ok(SecondFactorPage {
        frame: Frame::of("Second step at sign-in", "", visitor),
        picture: picture(&visitor.person().email, secret)?,
        secret: secret.to_base32(),
        refusal,
        action: account_path("/second-factor"),
        back: account_path(""),
    })
}

/// `GET /console/account/second-factor`
pub(crate) async fn show(visitor: Visitor) -> Result<HttpResponse, PageError> {
    if visitor.person().has_second_factor {
        return Ok(see(account_path("")));
    }
    let secret: [u8; SECRET_BYTES] = rand::random();
    render(&page(&visitor, &Secret::from(secret), None)?)
}

/// `POST /console/account/second-factor`
pub(crate) async fn switch_on(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let (storage, person) = (&console.storage, visitor.person());
    // Also for who loads the page with the codes again: they are shown once.
    if person.has_second_factor {
        return Ok(see(account_path("")));
    }
    let secret = Secret::try_from_base32(form.text("secret")).ok();
    let secret = secret.filter(|secret| secret.len() == SECRET_BYTES);
    let secret = secret.ok_or(PageError::BadForm("Open the form again."))?;
    let refuse = |refusal| render_refused(&page(&visitor, &secret, Some(refusal))?);
    let Some(step) = step_of(&secret, &code_in(&form), storage.now().await?) else {
        return refuse("That code is not right. The clocks of this server and of your device must agree.");
    };
    // Whoever finds an open browser must not shut its owner out.
    let (password, address) = (form.secret("password"), guard::address(&console, &request));
    match storage.sign_in(&attempt(&visitor, &password, &address)).await? {
        SignIn::Right(_) => {}
        SignIn::Wrong => return refuse("That is not your password. Nothing was switched on."),
        SignIn::TooOften => return refuse(TOO_OFTEN),
    }
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    storage.set_totp(person, &secret, step, &codes).await?;
    storage
        .note_of_account(person, "account.second-factor-on")
        .await?;
    // Not by way of the session's message: the database knows the hashes of these codes only.
    render(&RecoveryCodesPage {
        frame: Frame::of("Recovery codes", "", &visitor),
        codes,
        back: account_path(""),
    })
}

/// `POST /console/account/second-factor/off`
pub(crate) async fn switch_off(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let (storage, person) = (&console.storage, visitor.person());
    let Some(secret) = storage.totp_secret(person).await? else {
        return Ok(see(account_path("")));
    };
    let address = guard::address(&console, &request);
    let step = step_of(&secret, &code_in(&form), storage.now().await?);
    // The code is counted as the password is: a million of them would be soon tried.
    let is_right = if let Some(step) = step {
        match storage.count_attempt(&person.email, &address).await? {
            Some(counted) => {
                let is_right = storage.take_totp_step(person, step).await?;
                storage.settle_attempt(counted, is_right).await?;
                Ok(is_right)
            }
            None => Err(TOO_OFTEN),
        }
    } else {
        let password = form.secret("code");
        match storage.sign_in(&attempt(&visitor, &password, &address)).await? {
            SignIn::Right(_) => Ok(true),
            SignIn::Wrong => Ok(false),
            SignIn::TooOften => Err(TOO_OFTEN),
        }
    };
    let refusal = match is_right {
        Ok(true) => {
            storage.remove_totp(person).await?;
            storage
                .note_of_account(person, "account.second-factor-off")
                .await?;
            let text = "Nothing but your password is asked for at sign-in from now on.";
            visitor.leave(storage, text).await?;
            return Ok(see(account_path("")));
        }
        Ok(false) => "That is neither your password nor a code that was not used yet. Nothing was changed.",
        Err(refusal) => refusal,
    };
    let refusals = Refusals {
        second_factor: Some(refusal.to_owned()),
        ..Refusals::default()
    };
    refused(&console, &visitor, refusals).await
}

/// What apps read with a camera; dark on white in either theme, since not all of them read the opposite.
fn picture(email: &str, secret: &Secret) -> Result<Safe<String>, PageError> {
    let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
    let url = format!(
        "otpauth://totp/couponry:{email}?secret={}&issuer=couponry",
        secret.to_base32()
    );
    let code = QrCode::new(url).map_err(|error| {
        tracing::error!(%error, "a QR code cannot be made");
        PageError::Busy
    })?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(PICTURE, PICTURE)
        .build();
    // Without the declaration of an XML file, and with a name for who cannot see it.
    let (_, rest) = drawn.split_once("<svg ").unwrap_or_default();
    Ok(Safe(format!(
        r#"<svg class="qr" role="img" aria-label="QR code of the secret" {rest}"#
    )))
}

/// `abcd-efgh-jkmn-pqrs`
fn recovery_code() -> String {
    let mut random = rand::rng();
    let mut code = String::with_capacity(RECOVERY_LETTERS + RECOVERY_LETTERS / 4);
    for place in 0..RECOVERY_LETTERS {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(ALPHABET.choose(&mut random).copied().map_or('a', char::from));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_an_element_of_the_page_without_style() {
        let picture = picture("ada+x@example.com", &Secret::from([1; SECRET_BYTES]))
            .unwrap()
            .0;
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert!(!picture.contains("style") && !picture.contains("<?xml"));
    }

    #[test]
    fn recovery_codes_are_as_they_are_described() {
        let (one, other) = (recovery_code(), recovery_code());
        assert_ne!(one, other);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
    }
}
