//! The page of all errors, `docs/ERRORS.md`, made from the errors themselves.

use std::fmt::Write as _;

use crate::error::{ApiError, Wording};

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
    for (error, when) in all() {
        let (status, code) = error.kind();
        let (code, message) = match error {
            ApiError::TooManyRequests { .. } => (String::new(), "no body".to_owned()),
            _ => (format!("`{code}`"), error.to_string()),
        };
        // Writing to a String cannot fail.
        _ = writeln!(page, "| {} | {code} | {when} | {message} |", status.as_u16());
    }
    page
}

#[allow(clippy::too_many_lines, reason = "a table")]
/// Each error, by status, and when it is answered.
fn all() -> Vec<(ApiError, &'static str)> {
    let etc = || "…".to_owned();
    vec![
        (ApiError::NotJson, "the body is no JSON object"),
        (ApiError::Invalid(etc()), "a field is wrong"),
        (ApiError::EmptyFileUrl, "an upload without `file_url`"),
        (ApiError::MultipleFileUrls, "an upload with several"),
        (
            ApiError::ReportTooEarly,
            "a report that would begin before the list did",
        ),
        (ApiError::ReportInFuture, "a report that would end after today"),
        (ApiError::TooManyLists, "`COUPONRY_WORKSPACE_LISTS` is reached"),
        (
            ApiError::BadMultipart(etc()),
            "a file sent by hand, in a body that is no multipart form",
        ),
        (
            ApiError::Bad(etc()),
            "a parameter of *fetch all*, or the body of *activate*, is wrong",
        ),
        (ApiError::MissingKey(None), "*create* without a required key"),
        (
            ApiError::MissingKey(Some("…")),
            "any other request without a required key",
        ),
        (
            ApiError::DuplicateName,
            "another list of the workspace has the name, in whatever state",
        ),
        (
            ApiError::DuplicateLabel,
            "another list of the workspace has the label",
        ),
        (
            ApiError::Unauthenticated(Wording::Please),
            "no or wrong credentials, or a `MOE-APPKEY` of another workspace",
        ),
        (
            ApiError::Unauthenticated(Wording::Plain),
            "the same on *fetch all lists*, *fetch a list*, *update* and *activate*",
        ),
        (ApiError::ListNotFound, "no list of the workspace has this id"),
        (ApiError::NotFound, "no such file, report or path"),
        (
            ApiError::MethodNotAllowed("…".to_owned()),
            "the header `Allow` says what the path answers",
        ),
        (
            ApiError::TooSlow,
            "the body did not come in within 30 s, or paused for so long",
        ),
        (ApiError::CouponsExhausted, "no code is left"),
        (ApiError::ListNotActive, "the list is archived or expired"),
        (
            ApiError::RequestConflict,
            "the request key was used for another user or campaign",
        ),
        (
            ApiError::AllocationReleased,
            "the request key's code was given back or disabled, or its hold ran out",
        ),
        (
            ApiError::AlreadyRedeemed,
            "a code is redeemed, given back or disabled after it was redeemed",
        ),
        (
            ApiError::NotRedeemable,
            "a code is redeemed that is free, held, given back or disabled",
        ),
        (ApiError::CodeDisabled, "a disabled code is given back"),
        (
            ApiError::FileNotQuarantined,
            "codes of a file are reissued while it still hands out others",
        ),
        (
            ApiError::ReportNotReady,
            "the report is not ready to be downloaded",
        ),
        (
            ApiError::TooLarge { limit: 65_536 },
            "a body over its limit: 64 KiB, a list of allocation ids 1 MiB, a batch 16 MiB",
        ),
        (ApiError::FileTooLarge, "a file sent by hand is too large"),
        (
            ApiError::TooManyRecipients,
            "an item of a batch that comes line by line, beyond its limit",
        ),
        (ApiError::LineTooLong, "an item of such a batch that is too long"),
        (ApiError::NotJsonMedia, "a body that is not declared JSON"),
        (ApiError::NotMultipart, "a file sent by hand in another form"),
        (ApiError::EncodedBody, "a body that is compressed"),
        (
            ApiError::TooManyRequests { retry_after: 1 },
            "a rate limit is reached, or an address presents too many wrong keys; `Retry-After` says when to come back",
        ),
        (
            ApiError::Unexpected {
                request_id: String::new(),
            },
            "a fault of the server; the header `x-request-id` is in its log",
        ),
        (
            ApiError::Unavailable,
            "the database is away, or too much is waiting; `Retry-After` is 1",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs};

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

    #[test]
    fn every_error_of_the_code_is_on_the_page() {
        let shown: HashSet<_> = all()
            .iter()
            .map(|(error, _)| std::mem::discriminant(error))
            .collect();
        let source = include_str!("error.rs");
        let (_, after) = source.split_once("pub(crate) enum ApiError {").unwrap();
        let (variants, _) = after.split_once("\n}").unwrap();
        let defined = variants
            .lines()
            .filter(|line| line.starts_with("    ") && line.trim_start().starts_with(char::is_uppercase))
            .filter(|line| !line.starts_with("     "))
            .count();
        assert_eq!(shown.len(), defined);
    }
}
