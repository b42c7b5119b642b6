//! The refusals that operations share, made from the errors themselves: status, code and text cannot differ.

use std::collections::BTreeMap;

use domain::KeyRole;
use serde_json::json;
use utoipa::{
    IntoResponses, ToSchema as _,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type,
        example::ExampleBuilder, path::Operation,
    },
};

use crate::{
    body::BODY_BYTES,
    error::{ApiError, Envelope, Wording},
    names,
    table::Endpoint,
};

type Responses = BTreeMap<String, RefOr<Response>>;

/// Whatever needs credentials.
pub(crate) struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> Responses {
        named(["Unauthenticated", LIMITED, "Unexpected", "Unavailable"])
    }
}

/// Whatever names a list in its path.
pub(crate) struct NamesList;

impl IntoResponses for NamesList {
    fn responses() -> Responses {
        named(["ListNotFound"])
    }
}

/// Whatever names a file of a list in its path.
pub(crate) struct NamesFile;

impl IntoResponses for NamesFile {
    fn responses() -> Responses {
        named(["NotInList"])
    }
}

/// Whatever names a code, a hand-out or a token of a list in its path.
pub(crate) struct NamesPart;

impl IntoResponses for NamesPart {
    fn responses() -> Responses {
        named(["NotInList"])
    }
}

/// Whatever names something else of the workspace in its path.
pub(crate) struct NamesThing;

impl IntoResponses for NamesThing {
    fn responses() -> Responses {
        named(["NotFound"])
    }
}

/// Whatever reads a body. What may be wrong with its fields (400) is each operation's own.
pub(crate) struct ReadsBody;

impl IntoResponses for ReadsBody {
    fn responses() -> Responses {
        named(["TooSlow", "TooLarge", "UnsupportedMedia"])
    }
}

/// Whatever hands out codes.
pub(crate) struct HandsOut;

impl IntoResponses for HandsOut {
    fn responses() -> Responses {
        named(["NoCode", "NoCodeNow"])
    }
}

/// Whatever asks the database without credentials.
pub(crate) struct AsksDatabase;

impl IntoResponses for AsksDatabase {
    fn responses() -> Responses {
        named(["Unexpected", "Unavailable"])
    }
}

/// What every operation of our own that needs credentials says of names that it does not know, unless it has more to say
/// of bad requests.
pub(super) fn add_unknown_name(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if responses.contains_key("401") && !responses.contains_key("400") {
        responses.extend(named([UNKNOWN_NAME]));
    }
}

/// What an operation says of keys that must not ask for it.
pub(super) fn add_forbidden(operation: &mut Operation, endpoint: &Endpoint) {
    let needs_more = endpoint.needs.is_some_and(|role| role > KeyRole::Read);
    if needs_more || endpoint.of_all_lists {
        operation.responses.responses.extend(named(["Forbidden"]));
    }
}

const UNKNOWN_NAME: &str = "UnknownName";

/// A response that operations refer to by its name.
struct Refusal {
    name: &'static str,
    description: &'static str,
    /// Of one status; each is an example.
    errors: Vec<ApiError>,
}

/// The one refusal without a body: the documentation says so.
const LIMITED: &str = "TooManyRequests";
const LIMITED_STATUS: &str = "429";

#[rustfmt::skip]
fn refusals() -> Vec<Refusal> {
    let refusal = |name, description, errors: &[ApiError]| Refusal { name, description, errors: errors.to_vec() };
    vec![
        refusal("Unauthenticated", "No or wrong credentials.",
            &[ApiError::Unauthenticated(Wording::Please), ApiError::Unauthenticated(Wording::Plain)]),
        refusal("Forbidden", "The API key must not do this.",
            &[ApiError::RoleTooSmall(KeyRole::Manage), ApiError::KeyOfSomeLists]),
        refusal(UNKNOWN_NAME, "A parameter, or a key of the body, that is unknown. The text names it and what was probably meant.",
            &[ApiError::Bad(names::unknown("parameter", "Limit", &["limit"])), ApiError::Invalid(names::unknown("key", "count", &[]))]),
        refusal("ListNotFound", "No list of the workspace has this id.",
            &[ApiError::ListNotFound]),
        refusal("NotInList", "No list of the workspace has this id, or the list has no such file, code, hand-out or token (any more).",
            &[ApiError::ListNotFound, ApiError::NotFound]),
        refusal("NotFound", "Nothing of the workspace has this id.",
            &[ApiError::NotFound]),
        refusal("TooSlow", "The body took longer than 30 seconds to come in. The connection is closed.",
            &[ApiError::TooSlow]),
        refusal("TooLarge", "The body is larger than this operation takes: 64 KiB, a batch 16 MiB, a file 64 MiB. The connection is closed.",
            &[ApiError::TooLarge(BODY_BYTES), ApiError::FileTooLarge]),
        refusal("UnsupportedMedia", "The body is not `Content-Type: application/json` (a file: `multipart/form-data`), or it has a `Content-Encoding`.",
            &[ApiError::NotJsonMedia, ApiError::NotMultipart, ApiError::EncodedBody]),
        refusal("NoCode", "No code was taken, for one of these reasons.",
            &[ApiError::CouponsExhausted, ApiError::ListNotActive, ApiError::RequestConflict, ApiError::AllocationReleased]),
        refusal("Unexpected", "A fault of the server.",
            &[ApiError::Unexpected(String::new())]),
        refusal("Unavailable", "The database is away, or too much is waiting. Send the same request again.",
            &[ApiError::BUSY]),
        refusal("NoCodeNow", "The database is away, or too much is waiting; or it may lack codes that were handed out, and an operator \
            has to look at it. Send the same request again.",
            &[ApiError::BUSY, ApiError::AllocationPaused]),
    ]
}

impl Refusal {
    /// As `ApiError` answers them.
    fn headers(&self) -> Vec<(&'static str, Header)> {
        match self.errors.first() {
            Some(ApiError::Unauthenticated(_)) => {
                vec![("www-authenticate", text_header("`Basic realm=\"couponry\"`"))]
            }
            Some(ApiError::Unexpected(_)) => {
                vec![(
                    "x-request-id",
                    text_header("What the server's log calls this request"),
                )]
            }
            Some(ApiError::Unavailable(_)) => vec![("retry-after", whole_header("Seconds to wait"))],
            _ => Vec::new(),
        }
    }
}

/// What stands under `components/responses`.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Response>)> {
    let of_errors = refusals().into_iter().map(|refusal| {
        let examples = refusal.errors.iter().map(|error| {
            let told = json!({"error": error.told()});
            let example = ExampleBuilder::new().summary(error.to_string());
            (example_name(error), example.value(Some(told)).build())
        });
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(Envelope::name())))
            .examples_from_iter(examples)
            .build();
        let response = ResponseBuilder::new()
            .description(refusal.description)
            .content("application/json", content);
        (refusal.name, with(response, refusal.headers()))
    });
    of_errors
        .chain([(LIMITED, limited())])
        .map(|(name, response)| (name.to_owned(), response.into()))
}

/// Two texts of one code are two examples.
fn example_name(error: &ApiError) -> String {
    let (_, code) = error.kind();
    match error {
        ApiError::Unauthenticated(Wording::Plain)
        | ApiError::KeyOfSomeLists
        | ApiError::EncodedBody
        | ApiError::FileTooLarge => {
            format!("{code}-2")
        }
        ApiError::NotMultipart => format!("{code}-3"),
        _ => code.to_owned(),
    }
}

fn limited() -> Response {
    let response =
        ResponseBuilder::new().description("The workspace has used up its limit for now. No body.");
    let headers = vec![
        ("x-ratelimit-limit", whole_header("Requests of the window")),
        (
            "x-ratelimit-remaining",
            whole_header("Requests left in the window"),
        ),
        (
            "x-ratelimit-reset",
            whole_header("When the window ends, in seconds since 1970 (UTC)"),
        ),
        ("retry-after", whole_header("Seconds until the window ends")),
    ];
    with(response, headers)
}

fn with(response: ResponseBuilder, headers: Vec<(&'static str, Header)>) -> Response {
    headers
        .into_iter()
        .fold(response, |response, (name, header)| response.header(name, header))
        .build()
}

fn text_header(description: &str) -> Header {
    header(Type::String, description)
}

fn whole_header(description: &str) -> Header {
    header(Type::Integer, description)
}

fn header(kind: Type, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(kind)))
        .description(Some(description))
        .build()
}

/// References to components, each under its status.
fn named<const N: usize>(names: [&str; N]) -> Responses {
    let mut statuses: BTreeMap<&str, String> = refusals()
        .iter()
        .filter_map(|refusal| Some((refusal.name, refusal.errors.first()?.kind().0.as_str().to_owned())))
        .collect();
    statuses.insert(LIMITED, LIMITED_STATUS.to_owned());
    names
        .into_iter()
        .filter_map(|name| Some((statuses.remove(name)?, Ref::from_response_name(name).into())))
        .collect()
}
