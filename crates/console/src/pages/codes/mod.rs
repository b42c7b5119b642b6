//! Single codes, and whatever else one field finds.

pub(crate) mod change;
pub(crate) mod find;
pub(crate) mod show;

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;
use storage::ListRef;

use crate::{error::PageError, pages::lists::list_path, shown, visitor::Visitor};

/// The address of a code's page, whatever letters the code has.
pub(crate) fn code_path(visitor: &Visitor, list: &ListRef, code: &str) -> String {
    list_path(visitor, list, &format!("/codes/{}", shown::segment(code)))
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
