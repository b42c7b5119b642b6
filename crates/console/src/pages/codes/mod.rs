//! Single codes, and whatever else one field finds.

pub(crate) mod change;
pub(crate) mod find;
pub(crate) mod show;

use actix_web::HttpRequest;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use storage::ListRef;

use crate::{error::PageError, pages::lists::list_path, visitor::Visitor};

/// The address of a code's page, whatever letters the code has.
fn code_path(visitor: &Visitor, list: &ListRef, code: &str) -> String {
    let code = utf8_percent_encode(code, NON_ALPHANUMERIC);
    list_path(visitor, list, &format!("/codes/{code}"))
}

/// The code of the path, as a file's is read; what can be no code is not found.
fn code_in_path(request: &HttpRequest) -> Result<String, PageError> {
    let encoded = request.match_info().get("code").unwrap_or_default();
    let text = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| PageError::NotFound)?;
    let code = domain::check_code(text.as_bytes()).map_err(|_| PageError::NotFound)?;
    Ok(code.to_owned())
}
