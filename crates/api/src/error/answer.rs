//! An error as it is answered.

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use storage::{AllocationsUnavailable, AuthenticationError};
use tracing::{error, warn};
use utoipa::ToSchema;

use super::ApiError;

impl ApiError {
    /// There is no room or no time, or the process is ending.
    pub(crate) const BUSY: Self = Self::Unavailable(None);

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

    /// Tells the log what the database said. For where an answer, or a part of one, is made: once. Answers what the log calls
    /// a fault of ours.
    pub(crate) fn log(&self) -> Option<String> {
        match self {
            Self::Unavailable(Some(error)) => {
                warn!(%error, "answering 503");
                None
            }
            Self::Unexpected(error) => {
                let request_id = format!("{:032x}", rand::random::<u128>());
                error!(%error, request_id, "answering 500");
                Some(request_id)
            }
            _ => None,
        }
    }

    /// The same, of which the log has been told.
    pub(crate) fn logged(self) -> Self {
        match self {
            Self::Unavailable(_) => Self::BUSY,
            other => other,
        }
    }

    /// The end of an answer whose head is out: all that is left is to break the connection.
    pub(crate) fn break_off(self) -> actix_web::Error {
        self.log();
        self.into()
    }

    /// The same complaint on Create, whose documented text names no key.
    pub(crate) fn without_key(self) -> Self {
        match self {
            Self::MissingKey(_) => Self::MissingKey(None),
            other => other,
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

    /// The answer to the request, made once. What it leaves out of the text is told to the log.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(request_id) = self.log() {
            response.insert_header(("x-request-id", request_id));
        }
        match self {
            Self::Unauthenticated(_) => {
                response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"couponry\""));
            }
            Self::MethodNotAllowed(allow) => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Self::Unavailable(_) => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            Self::AllocationPaused => {
                response.insert_header((RETRY_AFTER, "10"));
            }
            // Documented without a body.
            Self::TooManyRequests(retry_after) => {
                return response.insert_header((RETRY_AFTER, *retry_after)).finish();
            }
            // What is left of such a body would be read as the next request.
            Self::TooLarge(_) | Self::FileTooLarge | Self::BadMultipart(_) | Self::TooSlow => {
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
            storage::Error::Unavailable(_) => Self::Unavailable(Some(error.to_string())),
            storage::Error::Fault(_) => Self::Unexpected(error.to_string()),
        }
    }
}

impl From<AllocationsUnavailable> for ApiError {
    fn from(unavailable: AllocationsUnavailable) -> Self {
        match unavailable {
            AllocationsUnavailable::Busy | AllocationsUnavailable::Late | AllocationsUnavailable::Stopped => {
                Self::BUSY
            }
            AllocationsUnavailable::Storage(error) => Self::from(&*error),
        }
    }
}

impl From<AuthenticationError> for ApiError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Busy => Self::BUSY,
            AuthenticationError::Storage(error) => Self::from(error),
        }
    }
}
