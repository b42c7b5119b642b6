//! `POST /v1/coupon-list/{coupon_list_id}/files/upload` (ours): multipart, streamed into the database, from where any
//! process may load it.

use actix_multipart::Multipart;
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, dev,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    web,
};
use domain::{PublicId, SENT_FILE_BYTES};
use futures_util::future::{Ready, ready};
use storage::{AddFile, ListRef, NewFile, Upload};
use utoipa::ToSchema;

use super::{
    received::receive,
    upload::{UploadedFile, not_active, refusal},
};
use crate::{
    App,
    audit::Made,
    connection::Patience,
    error::{ApiError, Envelope},
    idempotency::{OnceParameters, presented_key},
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    pace::paced,
    path::{List, ListPath},
    streams::Streams,
};

/// The most a body may have: the file, and what a form of so many parts has around it.
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
    /// `true`: only look at the file.
    dry_run: Option<bool>,
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
    let _place = Streams::place_for_file(&request)?;
    let once = presented_key(&request)?;
    // Before 64 MB are read for nothing. A key may be a repeat's, which is answered whatever has become of the list.
    if once.is_none() && !app.storage.is_active(&list.0).await? {
        return Err(not_active());
    }
    let mut upload = Upload::begin(&list.0);
    let received = receive(&app, &mut upload, parts).await;
    let asked = received.and_then(|received| received.asks(upload, once, &request));
    let answer = match asked {
        // Without an answer the file may be there, and its load reads these pieces: they are left to the housekeeping,
        // which removes them if no load does.
        Ok((file, once)) => match app.storage.add_file(&list.0, &file, once.as_ref()).await? {
            AddFile::Added(id) => return Ok(uploaded(&request, &list.0, &file, id)),
            AddFile::Repeated(id) => Ok(uploaded(&request, &list.0, &file, id)),
            AddFile::Refused(why) => Err(refusal(why)),
        },
        Err(error) => Err(error),
    };
    // Nothing was made of these pieces.
    if app.storage.forget_upload(upload).await.is_err() {
        tracing::debug!("an upload that nothing came of is left to the housekeeping");
    }
    answer
}

fn uploaded(request: &HttpRequest, list: &ListRef, file: &NewFile, id: PublicId) -> HttpResponse {
    request.extensions_mut().insert(Made(id));
    HttpResponse::Created().json(UploadedFile::new(list, file, id))
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
        let pause = Patience::with_body_of(&request)?;
        Ok(Multipart::new(
            request.headers(),
            paced(payload, pause, BODY_BYTES),
        ))
    }
}
