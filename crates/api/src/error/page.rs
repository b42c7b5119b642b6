//! The page of all errors, `docs/ERRORS.md`, made from the errors themselves.

use std::fmt::Write as _;

use super::ApiError;

const HEAD: &str = "\
# Errors

Made from the program by `make docs`. Every answer of 4xx and 5xx, but 429, has the body
`{\"error\":{\"code\":\"…\",\"message\":\"…\"}}`; 429 has none. Texts of the documented errors are the MoEngage documentation's, to
the letter but for the vendor's name in the 500; where `…` stands, a sentence follows that names what is wrong. Framing errors (a head that is no HTTP) are
answered by 400 without a body, and the connection is closed.

| status | code | when | message |
| --- | --- | --- | --- |
";

/// The page.
pub fn errors_page() -> String {
    let mut page = HEAD.to_owned();
    for (error, when) in ApiError::all() {
        let (status, code) = error.kind();
        let (code, message) = match error {
            ApiError::TooManyRequests(_) => (String::new(), "no body".to_owned()),
            _ => (format!("`{code}`"), error.to_string()),
        };
        // Writing to a String cannot fail.
        _ = writeln!(page, "| {} | {code} | {when} | {message} |", status.as_u16());
    }
    page
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_committed_page_is_the_one_that_the_errors_make() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ERRORS.md");
        let committed = fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == errors_page(),
            "docs/ERRORS.md is not what the errors say: refresh it with `make docs` and commit it"
        );
    }
}
