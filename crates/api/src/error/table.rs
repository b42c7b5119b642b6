//! Every error: its status, its code, when it is answered, and its text.

use std::fmt;

use actix_web::http::StatusCode;
use domain::{KeyRole, SENT_FILE_BYTES};

/// Makes of each line a variant, its status and code, its text, and its row on the page of errors:
///
/// ```text
/// Variant(field: Type = example; another example, when), STATUS "code", when => text;
/// ```
macro_rules! errors {
    ($(
        $(#[$about:meta])*
        $variant:ident $(($field:ident: $type:ty = $example:expr $(; $other:expr, $when_other:literal)?))?,
        $status:ident $code:literal, $when:literal => $text:expr;
    )+) => {
        /// What went wrong, as a client is told.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum ApiError {
            $($(#[$about])* $variant $(($type))?,)+
        }

        impl ApiError {
            /// Status and code.
            pub(crate) const fn kind(&self) -> (StatusCode, &'static str) {
                match self {
                    $(errors!(@any $variant $($field)?) => (StatusCode::$status, $code),)+
                }
            }

            /// Each with an example, and when it is answered.
            pub(super) fn all() -> Vec<(Self, &'static str)> {
                vec![$(
                    (Self::$variant $(($example))?, $when),
                    $($((Self::$variant($other), $when_other),)?)?
                )+]
            }
        }

        impl fmt::Display for ApiError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant $(($field))? => f.write_str($text.as_ref()),)+
                }
            }
        }
    };
    (@any $variant:ident) => { Self::$variant };
    (@any $variant:ident $field:ident) => { Self::$variant(_) };
}

const INVALID: &str = "The requested JSON is incorrect. Please verify and try again.";
const BAD: &str = "Possible issues include duplicates, such as coupon list names, invalid data types, or missing mandatory \
                   attributes.";

/// The two wordings of the documented 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    Please,
    Plain,
}

fn unauthenticated(wording: Wording) -> &'static str {
    match wording {
        Wording::Please => "Your request is unauthorized. Please verify your credentials and try again.",
        Wording::Plain => "Your request is unauthorized. Verify your credentials and try again.",
    }
}

fn missing(key: Option<&str>) -> String {
    match key {
        None => "Missing mandatory key. Please verify and try again.".to_owned(),
        Some(key) => format!("Missing mandatory key '{key}'. Please verify and try again."),
    }
}

fn etc() -> String {
    "…".to_owned()
}

#[rustfmt::skip]
errors! {
    NotJson, BAD_REQUEST "invalid-request", "the body is no JSON object" => INVALID;
    /// A field cannot be what it is: a sentence naming it.
    Invalid(why: String = etc()), BAD_REQUEST "invalid-request", "a field is wrong" => format!("{INVALID} {why}");
    EmptyFileUrl, BAD_REQUEST "invalid-request", "an upload without `file_url`"
        => "The 'file_url' can not be empty. Please provide the coupon file url and try again.";
    MultipleFileUrls, BAD_REQUEST "invalid-request", "an upload with several"
        => "Multiple file urls are not permitted. Please select one file url and try again.";
    ReportTooEarly, BAD_REQUEST "invalid-request", "a report that would begin before the list did"
        => "The start date cannot be earlier than the coupon list creation date. Please verify your dates and try again.";
    ReportInFuture, BAD_REQUEST "invalid-request", "a report that would end after today"
        => "The end date cannot be set in the future. Please verify the dates and try again.";
    TooManyLists, BAD_REQUEST "invalid-request", "`COUPONRY_WORKSPACE_LISTS` is reached"
        => "The workspace has as many coupon lists as it may have.";
    /// A multipart body that cannot be read: a sentence about it.
    BadMultipart(why: String = etc()), BAD_REQUEST "invalid-request", "a file sent by hand, in a body that is no multipart form"
        => format!("The multipart body is incorrect: {why}.");
    /// The same as `Invalid` on the endpoints whose documented code is `bad-request`.
    Bad(why: String = etc()), BAD_REQUEST "bad-request", "a parameter of *fetch all*, or the body of *activate*, is wrong"
        => format!("{BAD} {why}");
    /// A required key is absent; without a name on Create, as documented.
    MissingKey(key: Option<&'static str> = None; Some("…"), "any other request without a required key"),
        BAD_REQUEST "missing-mandatory-attributes", "*create* without a required key" => missing(*key);
    DuplicateName, BAD_REQUEST "duplicate-coupon-list-name", "another list of the workspace has the name, in whatever state"
        => "The coupon list name already exists. Please enter a unique name and try again.";
    DuplicateLabel, BAD_REQUEST "duplicate-coupon-list-label", "another list of the workspace has the label"
        => "The coupon list label already exists. Please enter a unique label and try again.";
    /// The credentials open nothing; which of the two documented texts says so depends on the endpoint.
    Unauthenticated(wording: Wording = Wording::Please; Wording::Plain, "the same on *fetch all lists*, *fetch a list*, *update* and *activate*"),
        UNAUTHORIZED "request-unauthenticated", "no or wrong credentials, or a `MOE-APPKEY` of another workspace"
        => unauthenticated(*wording);
    /// The key may do less than this needs.
    RoleTooSmall(needed: KeyRole = KeyRole::Allocate; KeyRole::Manage, "the same where that is needed"),
        FORBIDDEN "request-forbidden", "the API key's role does not allow it"
        => format!("This API key must not do that: it needs a key with the role '{needed}'.");
    KeyOfSomeLists, FORBIDDEN "request-forbidden", "the API key sees certain lists only, and this is about all"
        => "This API key is for certain coupon lists only, and this concerns the whole workspace.";
    ListNotFound, NOT_FOUND "coupon-list-not-found", "no list of the workspace has this id"
        => "The specified coupon list ID was not found. Please verify the ID and try again.";
    NotFound, NOT_FOUND "not-found", "no such file, report or path" => "The requested resource was not found.";
    /// With the methods that the path has.
    MethodNotAllowed(allow: String = etc()), METHOD_NOT_ALLOWED "method-not-allowed", "the header `Allow` says what the path answers"
        => format!("This path answers {allow} only.");
    TooSlow, REQUEST_TIMEOUT "request-timeout", "the body did not come in within 30 s, paused for so long, or came too slowly"
        => "The request took too long to arrive.";
    CouponsExhausted, CONFLICT "coupons-exhausted", "no code is left" => "The coupon list has no code left for this request.";
    ListNotActive, CONFLICT "coupon-list-not-active", "the list is archived or expired"
        => "The coupon list is archived or expired. Activate it and try again.";
    RequestConflict, CONFLICT "request-conflict", "the request key was used for another user or campaign"
        => "This request was made before for another user or campaign. Use another 'request_id'; no code was taken.";
    AllocationReleased, CONFLICT "allocation-released", "the request key's code was given back or disabled, or its hold ran out"
        => "The code of this request was given back or its hold ran out. Use a new 'request_id' for another code.";
    AlreadyRedeemed, CONFLICT "already-redeemed", "a code is redeemed, given back or disabled after it was redeemed"
        => "The code was redeemed before.";
    NotRedeemable, CONFLICT "not-redeemable", "a code is redeemed that is free, held, given back or disabled"
        => "Only a code that somebody got for good can be redeemed; a held one must be confirmed first.";
    CodeDisabled, CONFLICT "coupon-code-disabled", "a disabled code is given back"
        => "The code was disabled and stays out of use.";
    FileNotQuarantined, CONFLICT "coupon-file-not-quarantined", "codes of a file are reissued while it still hands out others"
        => "The file's codes can still be handed out. Quarantine the file and try again.";
    FileNotLoaded, CONFLICT "coupon-file-pending", "rejected rows are asked for before the load has ended"
        => "The file is still being loaded. Ask again when its status is no longer PENDING.";
    ReportNotReady, CONFLICT "usage-report-not-ready", "the report is not ready to be downloaded"
        => "The usage report is still being built, or has failed; its status says which.";
    TooLarge(limit: usize = 65_536), PAYLOAD_TOO_LARGE "payload-too-large", "a body over its limit: 64 KiB, a list of allocation ids 1 MiB, a batch 16 MiB"
        => format!("The request body must not be larger than {limit} bytes.");
    /// A file sent by hand.
    FileTooLarge, PAYLOAD_TOO_LARGE "payload-too-large", "a file sent by hand is too large"
        => format!("The file must not be larger than {SENT_FILE_BYTES} bytes.");
    /// Of a batch that comes line by line.
    TooManyRecipients, PAYLOAD_TOO_LARGE "payload-too-large", "an item of a batch that comes line by line, beyond its limit"
        => "A request must not have more than 1000000 recipients; this one and what follows were not read.";
    LineTooLong, PAYLOAD_TOO_LARGE "payload-too-large", "an item of such a batch that is too long"
        => "A line must not be longer than 4096 bytes.";
    NotJsonMedia, UNSUPPORTED_MEDIA_TYPE "unsupported-media-type", "a body that is not declared JSON"
        => "The request body must be sent as Content-Type: application/json.";
    NotMultipart, UNSUPPORTED_MEDIA_TYPE "unsupported-media-type", "a file sent by hand in another form"
        => "The request body must be sent as Content-Type: multipart/form-data.";
    EncodedBody, UNSUPPORTED_MEDIA_TYPE "unsupported-media-type", "a body that is compressed"
        => "The request body must be sent without Content-Encoding.";
    /// A window of requests is full; there is no body. With the seconds after which to come back.
    TooManyRequests(retry_after: i32 = 1), TOO_MANY_REQUESTS "too-many-requests", "a rate limit is reached, or an address presents too many wrong keys; `Retry-After` says when to come back"
        => format!("Too many requests; try again in {retry_after} seconds.");
    /// A fault of ours. With what the database said, for the log.
    Unexpected(why: String = String::new()), INTERNAL_SERVER_ERROR "unexpected-error", "a fault of the server; the header `x-request-id` is in its log"
        => { _ = why; "Something went wrong with your request. Please contact your administrator for further assistance." };
    /// With what the database said, for the log, if it did.
    Unavailable(why: Option<String> = None), SERVICE_UNAVAILABLE "service-unavailable", "the database is away, or too much is waiting; `Retry-After` is 1"
        => { _ = why; "The service is temporarily unavailable. Please send the same request again shortly." };
    /// Nothing is wrong with the request, and waiting alone does not help.
    AllocationPaused, SERVICE_UNAVAILABLE "allocation-paused", "a new code is asked for, and the database may lack codes that were handed out; `Retry-After` is 10"
        => "No new code is handed out until an operator has looked at the database, which was restored or failed over. Codes handed out before are answered.";
}
