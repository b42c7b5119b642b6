//! A request's JSON body: read when a handler asks for it, after credentials and path were judged.

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
    rt::time::timeout,
    web::{self, BytesMut},
};
use futures_util::{
    StreamExt as _,
    future::{Ready, ready},
};

use crate::{
    bodies::{Bodies, Room},
    connection::Patience,
    error::ApiError,
    fields::Fields,
};

/// The most a body may have, in bytes, where an endpoint does not say otherwise.
pub(crate) const BODY_BYTES: usize = 64 * 1024;
/// The most a batch of 10,000 recipients may have, in bytes.
pub(crate) const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// What a body without a length is expected to have at first, in bytes.
const FIRST_BYTES: usize = 8 * 1024;

/// A body that has not been read yet.
pub(crate) struct Body {
    request: HttpRequest,
    payload: web::Payload,
}

impl FromRequest for Body {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload).into_inner();
        ready(payload.map(|payload| Self {
            request: request.clone(),
            payload,
        }))
    }
}

impl Body {
    /// The same, where no body at all is as good as an empty object: its missing keys are what is wrong with it.
    pub(crate) async fn object_or_empty(self, limit: usize) -> Result<Fields, ApiError> {
        let headers = self.request.headers();
        let length = headers
            .get(CONTENT_LENGTH)
            .map_or(&b"0"[..], |length| length.as_bytes());
        if length == b"0" && !headers.contains_key(TRANSFER_ENCODING) {
            return Ok(Fields::none());
        }
        self.object(limit).await
    }

    /// For what takes no body: whatever is in one was meant to change what is done.
    pub(crate) async fn nothing(self) -> Result<(), ApiError> {
        self.object_or_empty(BODY_BYTES).await?.refuse_unknown(&[])
    }

    /// The body as it comes, for whoever reads it piece by piece.
    pub(crate) fn plain(self) -> Result<web::Payload, ApiError> {
        refuse_encoded(&self.request)?;
        Ok(self.payload)
    }

    /// The JSON object in the body, of at most `limit` bytes.
    pub(crate) async fn object(self, limit: usize) -> Result<Fields, ApiError> {
        self.read(limit, Ok).await
    }

    /// What is made of the JSON object in the body, of at most `limit` bytes.
    pub(crate) async fn read<T: Send + 'static>(
        self,
        limit: usize,
        read: impl FnOnce(Fields) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Self { request, payload } = self;
        refuse_encoded(&request)?;
        if !request
            .content_type()
            .trim()
            .eq_ignore_ascii_case("application/json")
        {
            return Err(ApiError::NotJsonMedia);
        }
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(ApiError::TooLarge(limit));
        }
        let expected = announced.and_then(|length| usize::try_from(length).ok());
        let bodies = Bodies::of(&request)?;
        let mut room = bodies
            .room(&request, expected.unwrap_or(FIRST_BYTES), limit)
            .await?;
        // With all of the room that was announced: a text that outgrows its memory is there twice for a moment.
        let text = BytesMut::with_capacity(expected.unwrap_or_default());
        let patience = Patience::with_body_of(&request)?;
        let text = timeout(patience, come(payload, text, limit, bodies, &mut room))
            .await
            .map_err(|_| ApiError::TooSlow)??;
        let object = |text| Fields::read(text).ok_or(ApiError::NotJson).and_then(read);
        let made = bodies.read(&mut room, text.freeze(), object).await;
        room.keep(&request);
        made
    }
}

fn refuse_encoded(request: &HttpRequest) -> Result<(), ApiError> {
    match request.headers().get(CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(ApiError::EncodedBody),
        _ => Ok(()),
    }
}

async fn come(
    mut payload: web::Payload,
    mut text: BytesMut,
    limit: usize,
    bodies: &Bodies,
    room: &mut Room,
) -> Result<BytesMut, ApiError> {
    while let Some(chunk) = payload.next().await {
        // The connection broke or the framing is wrong: whoever sent it is gone.
        let chunk = chunk.map_err(|_| ApiError::NotJson)?;
        if text.len() + chunk.len() > limit {
            return Err(ApiError::TooLarge(limit));
        }
        bodies.grow(room, text.len() + chunk.len()).await?;
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}
