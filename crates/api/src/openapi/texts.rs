//! The kinds of text in requests and answers: how the document shows each, and by which rule of `domain` it is read.
#![expect(dead_code, reason = "they stand for texts and hold none")]

use actix_web::web::Bytes;
use utoipa::ToSchema;

use crate::{fields::Kind, strict_json::parsed};

/// 24 lower-case hex digits.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{24}$", examples("6721d00eefc476c0f67e0d05"))]
pub(crate) struct Id(String);

/// 48 lower-case hex digits.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{48}$", examples("00000000000000070000002a00000000c3a1f0925be7764d"))]
pub(crate) struct AllocationId(String);

/// 1–255 characters, none a control character, not blank.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 255,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
    examples("Spring"),
)]
pub(crate) struct Name(String);

/// 1–255 characters, none a control character or one of `'`, `[`, `]`, `{`, `}`; not blank.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 255,
    pattern = r"^[^\x00-\x1f\x7f-\x9f'\[\]{}]*[^\s\x00-\x1f\x7f-\x9f'\[\]{}][^\x00-\x1f\x7f-\x9f'\[\]{}]*$",
    examples("spring"),
)]
pub(crate) struct Label(String);

/// Up to 255 characters, none a control character.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", examples("May"))]
pub(crate) struct FreeText(String);

/// An id of the sender's system: 1–255 bytes of UTF-8 without control characters, compared byte by byte.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 255,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
    examples("u-81"),
)]
pub(crate) struct ExternalId(String);

/// A bare address, without a display name.
#[derive(ToSchema)]
#[schema(value_type = String, format = Email, examples("jane@example.com"))]
pub(crate) struct EmailAddress(String);

/// The last day, `yyyy-mm-dd`: 23:59:00 of it in the workspace's time zone, which must not have passed. An instant in
/// one of the forms of the answers is taken too.
#[derive(ToSchema)]
#[schema(value_type = String, format = Date, examples("2099-12-31"))]
pub(crate) struct LastDay(String);

/// An `http` or `https` URL of a public host, without user name and password, on port 80, 443 or one from 1024 that no
/// well-known service has; up to 2,048 bytes.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    format = "uri",
    max_length = 2048,
    pattern = r"^https?://[^\s\x00-\x1f\x7f-\x9f]+$",
    examples("https://example.com/codes.csv"),
)]
pub(crate) struct FileUrl(String);

/// UTC with milliseconds.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    format = DateTime,
    pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    examples("2026-12-31T23:59:00.000Z"),
)]
pub(crate) struct Instant(String);

/// UTC, without saying so: only the answer to a creation has this form.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$",
    examples("2026-12-31T23:59:00"),
)]
pub(crate) struct InstantWithoutZone(String);

/// Texts that `domain` makes something of, by a constructor of its own.
macro_rules! read_as {
    ($($text:ident => $made:ty),+ $(,)?) => {$(
        impl Kind for $text {
            type Read = $made;

            fn read(value: &Bytes) -> Result<$made, String> {
                <$made>::new(String::read(value)?).map_err(|error| error.to_string())
            }
        }
    )+};
}

read_as! {
    Name => domain::Name,
    Label => domain::Label,
    FreeText => domain::FreeText,
    ExternalId => domain::ExternalId,
}

impl Kind for Id {
    type Read = String;

    fn read(value: &Bytes) -> Result<String, String> {
        String::read(value)
    }
}

/// What day or instant it is depends on the time zone, which the handler knows.
impl Kind for LastDay {
    type Read = String;

    fn read(value: &Bytes) -> Result<String, String> {
        String::read(value)
    }
}

impl Kind for Vec<EmailAddress> {
    type Read = domain::Subscribers;

    fn read(value: &Bytes) -> Result<domain::Subscribers, String> {
        let addresses = parsed(value).ok_or_else(|| "must be an array of strings".to_owned())?;
        domain::Subscribers::new(addresses).map_err(|error| error.to_string())
    }
}
