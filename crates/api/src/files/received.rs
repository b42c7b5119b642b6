//! The parts of a file that is sent by hand, as they come.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, web::BytesMut};
use domain::{FreeText, IdempotencyKey, SENT_FILE_BYTES};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use storage::{FileSource, NewFile, Upload};

use crate::{
    App,
    error::ApiError,
    fields::wrong,
    idempotency::key_of,
    names,
    pace::{Reason, reason},
};

/// How much is kept by one statement.
const PIECE_BYTES: usize = 512 * 1024;
/// The most a part other than the file may have, in bytes.
const TEXT_BYTES: usize = 4 * 1024;

/// What the parts said, beside the file's bytes.
#[derive(Default)]
pub(super) struct Received {
    has_file: bool,
    /// Of the file's bytes.
    digest: Sha256,
    file_name: Option<FreeText>,
    name: Option<FreeText>,
    created_by: Option<FreeText>,
    dry_run: bool,
}

impl Received {
    /// The file that is asked for, and the key under which it is asked for once.
    pub(super) fn asks(
        self,
        upload: Upload,
        key: Option<&str>,
        request: &HttpRequest,
    ) -> Result<(NewFile, Option<IdempotencyKey>), ApiError> {
        let digest = self.digest.finalize();
        let file = NewFile {
            name: self.name.or(self.file_name).unwrap_or_default(),
            source: FileSource::Sent(upload),
            created_by: self.created_by.unwrap_or_default(),
            callback_url: None,
            dry_run: self.dry_run,
        };
        let said = [
            file.name.as_str().as_bytes(),
            file.created_by.as_str().as_bytes(),
            digest.as_slice(),
            &[u8::from(file.dry_run)],
        ];
        let once = key.map(|key| key_of(key, request, &said)).transpose()?;
        Ok((file, once))
    }
}

pub(super) async fn receive(
    app: &App,
    upload: &mut Upload,
    mut parts: Multipart,
) -> Result<Received, ApiError> {
    let mut received = Received::default();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| unreadable(&error))?;
        refuse_encoded(&part)?;
        match part.name().unwrap_or_default() {
            "file" if received.has_file => {
                return Err(multipart("there must be one part 'file' and not several"));
            }
            "file" => {
                received.has_file = true;
                received.file_name = file_name(&part)?;
                keep(app, upload, part, &mut received.digest).await?;
            }
            "name" => received.name = text(part, "name").await?,
            "created_by" => received.created_by = text(part, "created_by").await?,
            "dry_run" => received.dry_run = yes_or_no(part, "dry_run").await?,
            other => return Err(unknown(other)),
        }
    }
    if received.has_file {
        Ok(received)
    } else {
        Err(ApiError::MissingKey(Some("file")))
    }
}

/// The encodings of RFC 2045 that change nothing are what some clients name.
fn refuse_encoded(part: &Field) -> Result<(), ApiError> {
    let Some(encoding) = part.headers().get("content-transfer-encoding") else {
        return Ok(());
    };
    let encoding = String::from_utf8_lossy(encoding.as_bytes())
        .trim()
        .to_ascii_lowercase();
    if ["7bit", "8bit", "binary"].contains(&&*encoding) {
        return Ok(());
    }
    Err(multipart(
        "a part must be sent as it is: its Content-Transfer-Encoding may be binary, 8bit or 7bit",
    ))
}

fn unknown(part: &str) -> ApiError {
    let why = names::unknown("part", part, &["file", "name", "created_by", "dry_run"]);
    // The refusal ends by itself.
    ApiError::BadMultipart(why.trim_end_matches('.').to_owned())
}

/// The last segment of what the sender calls it: some send whole paths.
fn file_name(part: &Field) -> Result<Option<FreeText>, ApiError> {
    let Some(path) = part
        .content_disposition()
        .and_then(|header| header.get_filename())
    else {
        return Ok(None);
    };
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.chars().take(255).collect::<String>();
    FreeText::new(name)
        .map(Some)
        .map_err(|error| wrong("file", format_args!("has a name that {error}")))
}

async fn keep(app: &App, upload: &mut Upload, mut file: Field, digest: &mut Sha256) -> Result<(), ApiError> {
    let mut piece = BytesMut::with_capacity(PIECE_BYTES * 2);
    let mut bytes = 0_u64;
    while let Some(chunk) = file.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        bytes += chunk.len() as u64;
        if bytes > SENT_FILE_BYTES {
            return Err(ApiError::FileTooLarge);
        }
        digest.update(&chunk);
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE_BYTES {
            app.storage.keep_piece(upload, &piece.split()).await?;
        }
    }
    if bytes == 0 {
        return Err(wrong("file", "must not be empty"));
    }
    if !piece.is_empty() {
        app.storage.keep_piece(upload, &piece).await?;
    }
    Ok(())
}

async fn text(part: Field, key: &str) -> Result<Option<FreeText>, ApiError> {
    let text = String::from_utf8(read_text(part).await?).map_err(|_| wrong(key, "must be UTF-8"))?;
    let text = FreeText::new(text).map_err(|error| wrong(key, error))?;
    Ok(Some(text).filter(|text| !text.as_str().is_empty()))
}

async fn yes_or_no(part: Field, key: &str) -> Result<bool, ApiError> {
    match &*read_text(part).await? {
        b"true" => Ok(true),
        b"false" | b"" => Ok(false),
        _ => Err(wrong(key, "must be true or false")),
    }
}

async fn read_text(mut part: Field) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = part.next().await {
        text.extend_from_slice(&chunk.map_err(|error| unreadable(&error))?);
        if text.len() > TEXT_BYTES {
            return Err(multipart(
                "a part other than 'file' must not be longer than 4096 bytes",
            ));
        }
    }
    Ok(text)
}

fn unreadable(error: &MultipartError) -> ApiError {
    let why = match error {
        MultipartError::Payload(error) if reason(error) == Reason::TooSlow => return ApiError::TooSlow,
        MultipartError::Payload(error) if reason(error) == Reason::TooLarge => return ApiError::FileTooLarge,
        MultipartError::BoundaryMissing => "its Content-Type must name the boundary",
        MultipartError::Incomplete => "it must end with the closing boundary",
        _ => "it cannot be read",
    };
    multipart(why)
}

fn multipart(why: &str) -> ApiError {
    ApiError::BadMultipart(why.to_owned())
}

/// Reads a form whose parts are parted by `--b`, cut where its first byte says, as `receive` does, and keeps nothing. Told is
/// whether it was read to its end.
#[cfg(any(test, fuzzing))]
pub(crate) async fn read_and_forget(input: actix_web::web::Bytes) -> bool {
    use actix_web::{error::PayloadError, http::header};
    use futures_util::stream;

    let size = input.first().map_or(1, |first| usize::from(*first).max(1));
    let form = input.get(1..).unwrap_or_default();
    let pieces: Vec<_> = form
        .chunks(size)
        .map(|piece| Ok::<_, PayloadError>(input.slice_ref(piece)))
        .collect();
    let mut headers = header::HeaderMap::new();
    let kind = header::HeaderValue::from_static("multipart/form-data; boundary=b");
    headers.insert(header::CONTENT_TYPE, kind);
    let mut parts = Multipart::new(&headers, stream::iter(pieces));
    while let Some(part) = parts.next().await {
        let Ok(part) = part else {
            return false;
        };
        if refuse_encoded(&part).is_err() {
            return false;
        }
        let name = file_name(&part).ok().flatten();
        assert!(
            name.is_none_or(
                |name| !name.as_str().contains(['/', '\\']) && name.as_str().chars().count() <= 255
            )
        );
        let is_read = match part.name().unwrap_or_default() {
            "dry_run" => yes_or_no(part, "dry_run").await.is_ok(),
            _ => text(part, "name").await.is_ok(),
        };
        if !is_read {
            return false;
        }
    }
    true
}
