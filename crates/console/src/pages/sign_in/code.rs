//! The second factor.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use totp_rs::Builder;

use super::{TOO_OFTEN, add_cookie};
use crate::{
    Console, ROOT,
    error::PageError,
    form::Form,
    guard,
    page::{Frame, render, render_refused, see},
    visitor::Visitor,
};

/// Seconds that a code is good for, beside the one before and the one after it.
const STEP: u64 = 30;

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage<'a> {
    frame: Frame<'a>,
    refusal: Option<&'static str>,
}

fn page<'a>(visitor: &'a Visitor, refusal: Option<&'static str>) -> CodePage<'a> {
    CodePage {
        frame: Frame::of("Second step", "", visitor),
        refusal,
    }
}

/// `GET /console/sign-in/code`
pub(crate) async fn show(visitor: Visitor) -> Result<HttpResponse, PageError> {
    render(&page(&visitor, None))
}

/// `POST /console/sign-in/code`
pub(crate) async fn check(
    console: web::Data<Console>,
    request: HttpRequest,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let person = visitor.person();
    let address = guard::address(&console, &request);
    let Some(counted) = console.storage.count_attempt(&person.email, &address).await? else {
        return render_refused(&page(&visitor, Some(TOO_OFTEN)));
    };
    let code = code_in(&form);
    let is_right = match console.storage.totp_secret(person).await? {
        // It was switched off meanwhile.
        None => true,
        Some(secret) => match step_of(&secret, &code, visitor.session.now) {
            Some(step) => console.storage.take_totp_step(person, step).await?,
            None => console.storage.use_recovery_code(person, &code).await?,
        },
    };
    console.storage.settle_attempt(counted, is_right).await?;
    if !is_right {
        let refusal = "That code is not right, or was used before.";
        return render_refused(&page(&visitor, Some(refusal)));
    }
    let Some(token) = console.storage.complete_session(&visitor.token).await? else {
        return Ok(see(format!("{ROOT}/sign-in")));
    };
    let mut answer = see(ROOT);
    add_cookie(&mut answer, guard::cookie(&console, &token))?;
    Ok(answer)
}

/// Without the blank that apps show in the middle.
pub(crate) fn code_in(form: &Form) -> String {
    let code = form.text("code").chars();
    code.filter(|letter| !letter.is_whitespace()).collect()
}

/// The step that the code is of: this one, the one before or the one after.
pub(crate) fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    // As every app knows it: SHA-1, six digits, half a minute.
    let totp = Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        .with_step_duration(STEP)
        .build_noncompliant();
    let step = totp.check(code, u64::try_from(now.as_second()).ok()?)?;
    i64::try_from(step).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_are_those_of_the_standard_and_of_the_steps_beside() {
        let secret = b"12345678901234567890";
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(step_of(secret, "287082", at(59)), Some(1));
        assert_eq!(step_of(secret, "081804", at(1_111_111_109)), Some(37_037_036));
        assert_eq!(step_of(secret, "287082", at(60)), Some(1));
        assert_eq!(step_of(secret, "287082", at(29)), Some(1));
        assert_eq!(step_of(secret, "287082", at(90)), None);
        assert_eq!(step_of(secret, "", at(59)), None);
    }
}
