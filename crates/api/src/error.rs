//! Every error the API answers: status, code and text in one table.

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use domain::SENT_FILE_BYTES;
use serde::Serialize;
use storage::{AllocationsUnavailable, AuthenticationError};
use tracing::{error, warn};
use utoipa::ToSchema;

/// What went wrong, as a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// The credentials open nothing; which of the two documented texts says so depends on the endpoint.
    Unauthenticated(Wording),
    /// The text is no JSON object.
    NotJson,
    /// A field cannot be what it is: a sentence naming it.
    Invalid(String),
    /// The same on the endpoints whose documented code is `bad-request`.
    Bad(String),
    /// A required key is absent; without a name on Create, as documented.
    MissingKey(Option<&'static str>),
    EmptyFileUrl,
    MultipleFileUrls,
    ReportTooEarly,
    ReportInFuture,
    /// A multipart body that cannot be read: a sentence about it.
    BadMultipart(String),
    DuplicateName,
    DuplicateLabel,
    TooManyLists,
    ListNotFound,
    NotFound,
    /// With the methods that the path has.
    MethodNotAllowed(String),
    /// A window of requests is full; there is no body.
    TooManyRequests {
        retry_after: i32,
    },
    TooSlow,
    TooLarge {
        limit: usize,
    },
    /// A file sent by hand.
    FileTooLarge,
    /// Of a batch that comes line by line.
    TooManyRecipients,
    LineTooLong,
    NotJsonMedia,
    NotMultipart,
    EncodedBody,
    ReportNotReady,
    AlreadyRedeemed,
    NotRedeemable,
    CodeDisabled,
    FileNotQuarantined,
    CouponsExhausted,
    ListNotActive,
    RequestConflict,
    AllocationReleased,
    Unavailable,
    Unexpected {
        request_id: String,
    },
}

/// The two wordings of the documented 401: "Please verify …" and "Verify …".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    Please,
    Plain,
}

const INVALID: &str = "The requested JSON is incorrect. Please verify and try again.";
const BAD: &str = "Possible issues include duplicates, such as coupon list names, invalid data types, or missing mandatory \
                   attributes.";

impl ApiError {
    /// Status and code.
    pub(crate) const fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "request-unauthenticated"),
            Self::NotJson
            | Self::Invalid(_)
            | Self::EmptyFileUrl
            | Self::MultipleFileUrls
            | Self::ReportTooEarly
            | Self::ReportInFuture
            | Self::TooManyLists
            | Self::BadMultipart(_) => (StatusCode::BAD_REQUEST, "invalid-request"),
            Self::Bad(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::MissingKey(_) => (StatusCode::BAD_REQUEST, "missing-mandatory-attributes"),
            Self::DuplicateName => (StatusCode::BAD_REQUEST, "duplicate-coupon-list-name"),
            Self::DuplicateLabel => (StatusCode::BAD_REQUEST, "duplicate-coupon-list-label"),
            Self::ListNotFound => (StatusCode::NOT_FOUND, "coupon-list-not-found"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request-timeout"),
            Self::TooLarge { .. } | Self::FileTooLarge | Self::TooManyRecipients | Self::LineTooLong => {
                (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large")
            }
            Self::NotJsonMedia | Self::NotMultipart | Self::EncodedBody => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type")
            }
            Self::ReportNotReady => (StatusCode::CONFLICT, "usage-report-not-ready"),
            Self::AlreadyRedeemed => (StatusCode::CONFLICT, "already-redeemed"),
            Self::NotRedeemable => (StatusCode::CONFLICT, "not-redeemable"),
            Self::CodeDisabled => (StatusCode::CONFLICT, "coupon-code-disabled"),
            Self::FileNotQuarantined => (StatusCode::CONFLICT, "coupon-file-not-quarantined"),
            Self::CouponsExhausted => (StatusCode::CONFLICT, "coupons-exhausted"),
            Self::ListNotActive => (StatusCode::CONFLICT, "coupon-list-not-active"),
            Self::RequestConflict => (StatusCode::CONFLICT, "request-conflict"),
            Self::AllocationReleased => (StatusCode::CONFLICT, "allocation-released"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "service-unavailable"),
            Self::Unexpected { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "unexpected-error"),
        }
    }

    /// An error of a part of a request, as it stands within an answer.
    pub(crate) fn told(&self) -> Told {
        Told {
            code: self.kind().1,
            message: self.to_string(),
        }
    }

    /// The same complaint on an endpoint whose documented code for it is `bad-request`.
    pub(crate) fn into_bad(self) -> Self {
        match self {
            Self::Invalid(why) => Self::Bad(why),
            other => other,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated(Wording::Please) => {
                f.write_str("Your request is unauthorized. Please verify your credentials and try again.")
            }
            Self::Unauthenticated(Wording::Plain) => {
                f.write_str("Your request is unauthorized. Verify your credentials and try again.")
            }
            Self::NotJson => f.write_str(INVALID),
            Self::Invalid(why) => write!(f, "{INVALID} {why}"),
            Self::Bad(why) => write!(f, "{BAD} {why}"),
            Self::MissingKey(None) => f.write_str("Missing mandatory key. Please verify and try again."),
            Self::MissingKey(Some(key)) => write!(f, "Missing mandatory key '{key}'. Please verify and try again."),
            Self::EmptyFileUrl => f.write_str(
                "The 'file_url' can not be empty. Please provide the coupon file url and try again.",
            ),
            Self::MultipleFileUrls => {
                f.write_str("Multiple file urls are not permitted. Please select one file url and try again.")
            }
            Self::ReportTooEarly => f.write_str(
                "The start date cannot be earlier than the coupon list creation date. Please verify your dates and try \
                 again.",
            ),
            Self::ReportInFuture => {
                f.write_str("The end date cannot be set in the future. Please verify the dates and try again.")
            }
            Self::BadMultipart(why) => write!(f, "The multipart body is incorrect: {why}."),
            Self::DuplicateName => {
                f.write_str("The coupon list name already exists. Please enter a unique name and try again.")
            }
            Self::DuplicateLabel => {
                f.write_str("The coupon list label already exists. Please enter a unique label and try again.")
            }
            Self::TooManyLists => f.write_str("The workspace has as many coupon lists as it may have."),
            Self::ListNotFound => {
                f.write_str("The specified coupon list ID was not found. Please verify the ID and try again.")
            }
            Self::NotFound => f.write_str("The requested resource was not found."),
            Self::MethodNotAllowed(allow) => write!(f, "This path answers {allow} only."),
            Self::TooManyRequests { retry_after } => {
                write!(f, "Too many requests; try again in {retry_after} seconds.")
            }
            Self::TooSlow => f.write_str("The request took too long to arrive."),
            Self::TooLarge { limit } => write!(f, "The request body must not be larger than {limit} bytes."),
            Self::FileTooLarge => write!(f, "The file must not be larger than {SENT_FILE_BYTES} bytes."),
            Self::TooManyRecipients => {
                f.write_str("A request must not have more than 1000000 recipients; this one and what follows were not read.")
            }
            Self::LineTooLong => f.write_str("A line must not be longer than 4096 bytes."),
            Self::NotMultipart => {
                f.write_str("The request body must be sent as Content-Type: multipart/form-data.")
            }
            Self::NotJsonMedia => f.write_str("The request body must be sent as Content-Type: application/json."),
            Self::EncodedBody => f.write_str("The request body must be sent without Content-Encoding."),
            Self::ReportNotReady => f.write_str("The usage report is still being built, or has failed; its status says which."),
            Self::AlreadyRedeemed => f.write_str("The code was redeemed before."),
            Self::NotRedeemable => {
                f.write_str("Only a code that somebody got for good can be redeemed; a held one must be confirmed first.")
            }
            Self::CodeDisabled => f.write_str("The code was disabled and stays out of use."),
            Self::FileNotQuarantined => {
                f.write_str("The file's codes can still be handed out. Quarantine the file and try again.")
            }
            Self::CouponsExhausted => f.write_str("The coupon list has no code left for this request."),
            Self::ListNotActive => f.write_str("The coupon list is archived or expired. Activate it and try again."),
            Self::RequestConflict => f.write_str(
                "This request was made before for another user or campaign. Use another 'request_id'; no code was taken.",
            ),
            Self::AllocationReleased => f.write_str(
                "The code of this request was given back or its hold ran out. Use a new 'request_id' for another code.",
            ),
            Self::Unavailable => {
                f.write_str("The service is temporarily unavailable. Please send the same request again shortly.")
            }
            Self::Unexpected { .. } => f.write_str(
                "Something went wrong with your request. Please contact your administrator for further assistance.",
            ),
        }
    }
}

/// An error within an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
pub(crate) struct Told {
    /// What programs tell errors apart by.
    #[schema(pattern = "^[a-z-]+$", examples("invalid-request"))]
    code: &'static str,
    /// For people. Where a field is wrong, the text ends by naming it.
    message: String,
}

/// What every refusal but 429 looks like.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Envelope {
    error: Told,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        match self {
            Self::Unauthenticated(_) => {
                response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"couponry\""));
            }
            Self::MethodNotAllowed(allow) => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Self::Unavailable => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            // Documented without a body.
            Self::TooManyRequests { retry_after } => {
                return response.insert_header((RETRY_AFTER, *retry_after)).finish();
            }
            Self::Unexpected { request_id } => {
                response.insert_header(("x-request-id", request_id.as_str()));
            }
            // What is left of such a body would be read as the next request.
            Self::TooLarge { .. } | Self::FileTooLarge | Self::BadMultipart(_) | Self::TooSlow => {
                response.force_close();
            }
            _ => {}
        }
        response.json(Envelope { error: self.told() })
    }
}

impl From<storage::Error> for ApiError {
    fn from(error: storage::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&storage::Error> for ApiError {
    fn from(error: &storage::Error) -> Self {
        match error {
            storage::Error::Unavailable(_) => {
                warn!(%error, "answering 503");
                Self::Unavailable
            }
            storage::Error::Fault(_) => {
                let request_id = format!("{:032x}", rand::random::<u128>());
                error!(%error, request_id, "answering 500");
                Self::Unexpected { request_id }
            }
        }
    }
}

impl From<AllocationsUnavailable> for ApiError {
    fn from(unavailable: AllocationsUnavailable) -> Self {
        match unavailable {
            AllocationsUnavailable::Busy | AllocationsUnavailable::Late | AllocationsUnavailable::Stopped => {
                Self::Unavailable
            }
            AllocationsUnavailable::Storage(error) => Self::from(&*error),
        }
    }
}

impl From<AuthenticationError> for ApiError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Busy => Self::Unavailable,
            AuthenticationError::Storage(error) => Self::from(error),
        }
    }
}
