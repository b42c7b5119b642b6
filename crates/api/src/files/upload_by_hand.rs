//! `POST /v1/coupon-list/{coupon_list_id}/files/upload` (ours): multipart, streamed into the database, from where any
//! process may load it.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, dev,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    rt::time::timeout,
    web::{self, BytesMut},
};
use domain::{FreeText, SENT_FILE_BYTES};
use futures_util::{
    StreamExt as _,
    future::{Ready, ready},
};
use sha2::{Digest as _, Sha256};
use storage::{AddFile, FileSource, ListRef, NewFile, Upload};
use utoipa::ToSchema;

use super::upload::{UploadedFile, not_active};
use crate::{
    App,
    audit::Made,
    error::{ApiError, Envelope},
    fields::wrong,
    idempotency::{OnceParameters, key_of, key_reused, presented_key},
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

/// How long the sender may pause.
const PAUSE: Duration = Duration::from_secs(30);
/// How long all of it may take: after an hour pieces that belong to no load are taken for left behind.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(50);
/// How much is kept by one statement.
const PIECE_BYTES: usize = 512 * 1024;
/// Three are known; unknown ones are read over, but not without end.
const MOST_PARTS: usize = 20;
/// The most a part other than the file may have, in bytes.
const TEXT_BYTES: usize = 4 * 1024;
/// The most a body may announce: the file, and what a form of so many parts has around it.
const BODY_BYTES: u64 = SENT_FILE_BYTES + 1024 * 1024;

/// A multipart body that has not been read yet.
pub(crate) struct Parts {
    request: HttpRequest,
    payload: dev::Payload,
}

impl FromRequest for Parts {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        ready(Ok(Self {
            request: request.clone(),
            payload: payload.take(),
        }))
    }
}

/// A file and what to call it.
#[derive(ToSchema)]
#[schema(as = SendCouponFileBody)]
#[expect(dead_code, reason = "what `receive` reads, for the document")]
struct PartsBody {
    /// The CSV file, at most 64 MiB, sent as it is.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// The last part of the file's own name if absent or empty.
    name: Option<texts::FreeText>,
    created_by: Option<texts::FreeText>,
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/files/upload",
    operation_id = "sendCouponFile",
    tag = "Coupon Files",
    summary = "Send a Coupon File",
    description = "The same as an upload by URL, with the file itself in the request.",
    params(ListPath, OnceParameters),
    request_body(content = PartsBody, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file, waiting.", body = UploadedFile<'_>),
        (
            status = 400,
            description = "`invalid-request`, also if the list is archived or expired; `missing-mandatory-attributes` \
                without a file.",
            body = Envelope,
        ),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn upload_by_hand(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    parts: Parts,
) -> Result<HttpResponse, ApiError> {
    let parts = parts.open()?;
    let once = presented_key(&request)?;
    // Before 64 MB are read for nothing. A key may be a repeat's, which is answered whatever has become of the list.
    if once.is_none() && !app.storage.is_active(&list.0).await? {
        return Err(not_active());
    }
    let mut upload = Upload::begin(&list.0);
    let received = timeout(UPLOAD_TIMEOUT, receive(&app, &mut upload, parts)).await;
    let added = match received.unwrap_or(Err(ApiError::TooSlow)) {
        Ok(received) => add(&app, &list.0, upload, received, once, &request).await,
        Err(error) => Err(error),
    };
    let is_kept = added.as_ref().is_ok_and(|(_, is_new)| *is_new);
    if !is_kept && app.storage.forget_upload(upload).await.is_err() {
        tracing::debug!("an upload that nothing came of is left to the housekeeping");
    }
    added.map(|(answer, _)| answer)
}

/// The answer, and whether the file is new: a repeat's bytes are there already.
async fn add(
    app: &App,
    list: &ListRef,
    upload: Upload,
    received: Received,
    once: Option<&str>,
    request: &HttpRequest,
) -> Result<(HttpResponse, bool), ApiError> {
    let digest = received.digest.finalize();
    let file = NewFile {
        name: received.name.or(received.file_name).unwrap_or_default(),
        source: FileSource::Sent(upload),
        created_by: received.created_by.unwrap_or_default(),
        callback_url: None,
    };
    let said = [
        file.name.as_str().as_bytes(),
        file.created_by.as_str().as_bytes(),
        digest.as_slice(),
    ];
    let once = once.map(|key| key_of(key, request, &said)).transpose()?;
    let (id, is_new) = match app.storage.add_file(list, &file, once.as_ref()).await? {
        AddFile::Added(id) => (id, true),
        AddFile::Repeated(id) => (id, false),
        AddFile::KeyReused => return Err(key_reused()),
        AddFile::ListNotActive => return Err(not_active()),
    };
    request.extensions_mut().insert(Made(id));
    let answer = HttpResponse::Created().json(UploadedFile::new(list, &file, id));
    Ok((answer, is_new))
}

impl Parts {
    fn open(self) -> Result<Multipart, ApiError> {
        let Self { request, payload } = self;
        if request.headers().contains_key(CONTENT_ENCODING) {
            return Err(ApiError::EncodedBody);
        }
        if !request
            .content_type()
            .trim()
            .eq_ignore_ascii_case("multipart/form-data")
        {
            return Err(ApiError::NotMultipart);
        }
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > BODY_BYTES) {
            return Err(ApiError::FileTooLarge);
        }
        Ok(Multipart::new(request.headers(), payload))
    }
}

/// What the parts said, beside the file's bytes.
#[derive(Default)]
struct Received {
    has_file: bool,
    /// Of the file's bytes.
    digest: Sha256,
    file_name: Option<FreeText>,
    name: Option<FreeText>,
    created_by: Option<FreeText>,
}

async fn receive(app: &App, upload: &mut Upload, mut parts: Multipart) -> Result<Received, ApiError> {
    let mut received = Received::default();
    // One look more than parts: the last one finds the end.
    for _ in 0..=MOST_PARTS {
        let Some(part) = in_time(parts.next()).await? else {
            return if received.has_file {
                Ok(received)
            } else {
                Err(ApiError::MissingKey(Some("file")))
            };
        };
        let part = part.map_err(|error| unreadable(&error))?;
        if part.headers().contains_key("content-transfer-encoding") {
            return Err(multipart(
                "a part must be sent as it is, without Content-Transfer-Encoding",
            ));
        }
        match part.name().unwrap_or_default() {
            "file" if received.has_file => return Err(multipart("there must be one part 'file'")),
            "file" => {
                received.has_file = true;
                received.file_name = file_name(&part)?;
                keep(app, upload, part, &mut received.digest).await?;
            }
            "name" => received.name = text(part, "name").await?,
            "created_by" => received.created_by = text(part, "created_by").await?,
            _ => drop(read_text(part).await?),
        }
    }
    Err(multipart("there are too many parts"))
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
    while let Some(chunk) = in_time(file.next()).await? {
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

async fn read_text(mut part: Field) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = in_time(part.next()).await? {
        text.extend_from_slice(&chunk.map_err(|error| unreadable(&error))?);
        if text.len() > TEXT_BYTES {
            return Err(multipart("a part other than 'file' is too long"));
        }
    }
    Ok(text)
}

async fn in_time<T>(next: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout(PAUSE, next).await.map_err(|_| ApiError::TooSlow)
}

fn unreadable(error: &MultipartError) -> ApiError {
    let why = match error {
        MultipartError::BoundaryMissing => "its Content-Type must name the boundary",
        MultipartError::Incomplete => "it must end with the closing boundary",
        _ => "it cannot be read",
    };
    multipart(why)
}

fn multipart(why: &str) -> ApiError {
    ApiError::BadMultipart(why.to_owned())
}
