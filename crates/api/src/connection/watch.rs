//! What the requests of a connection tell it: that they begin, take a body, and are answered.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{ConnectionType, Version, header::CONTENT_LENGTH},
    middleware::Next,
    web::Bytes,
};

use futures_util::Stream;

use super::{AHEAD_BYTES, Progress};
use crate::{bodies::Room, ceilings::Taken, streams::Streams};

/// An answer of so many bytes goes out in one piece.
const AT_ONCE: u64 = 16 * 1024;
/// In slices of so many bytes goes out what is longer.
const SLICE_BYTES: usize = 64 * 1024;

/// While a body is taken whose answer has begun.
#[derive(Debug)]
pub(crate) struct Taking(Option<Rc<Progress>>);

impl Taking {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let progress = request.conn_data::<Rc<Progress>>().cloned();
        if let Some(progress) = &progress {
            progress.taking.set(true);
        }
        Self(progress)
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        if let Some(progress) = &self.0 {
            progress.taking.set(false);
            progress.taken_at.set(Some(Instant::now()));
        }
    }
}

/// Tells the connection when a request begins and when its answer has ended, and how the answer ends where the peer
/// knows no chunks.
pub(crate) async fn watch<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let progress = request.conn_data::<Rc<Progress>>().cloned();
    let answering = progress.map(|progress| Answering::new(progress, &mut request));
    let knows_chunks = request.version() >= Version::HTTP_11;
    let mut response = next.call(request).await?;
    if !knows_chunks && response.response().body().size() == BodySize::Stream {
        // The end of the connection ends the answer.
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    let room = response.request().extensions_mut().remove::<Room>();
    let is_counted = room.as_ref().is_some_and(|room| !room.is_small());
    let size = response.response().body().size();
    if let BodySize::None | BodySize::Sized(..=AT_ONCE) = size
        && !is_counted
    {
        // It is as good as out.
        return Ok(response.map_into_boxed_body());
    }
    let waiting = match size {
        BodySize::Sized(bytes) if !is_counted => Streams::room_for_answer(response.request(), bytes),
        _ => Ok(None),
    };
    let waiting = match waiting {
        Ok(waiting) => waiting,
        Err(refusal) => return Ok(response.into_response(refusal.error_response())),
    };
    Ok(response.map_body(|_, body| {
        BoxBody::new(Watched {
            body: body.boxed(),
            rest: Bytes::new(),
            _answering: answering,
            _room: room,
            _waiting: waiting,
        })
    }))
}

/// While a request is being answered.
struct Answering(Rc<Progress>);

impl Answering {
    fn new(progress: Rc<Progress>, request: &mut ServiceRequest) -> Self {
        progress.answering.set(true);
        progress.unasked_since.set(None);
        progress.unasked.set(0);
        if request.chunked().unwrap_or(true) {
            let body = Chunked {
                body: request.take_payload(),
                progress: progress.clone(),
            };
            request.set_payload(Payload::Stream {
                payload: Box::pin(body),
            });
        } else if let Some(length) = request.headers().get(CONTENT_LENGTH) {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            progress.expect(length.unwrap_or_default());
        }
        Self(progress)
    }
}

impl Progress {
    /// So many bytes more may come.
    fn expect(&self, bytes: u64) {
        let with_them = self.ahead.get().saturating_add(bytes);
        self.ahead_at_most.set(with_them.max(self.ahead_at_most.get()));
        self.read_on();
    }

    fn read_on(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A body whose end nobody knows before it comes: more of it may come when it is waited for.
struct Chunked {
    body: Payload,
    progress: Rc<Progress>,
}

impl Stream for Chunked {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if next.is_pending() {
            self.progress.expect(AHEAD_BYTES);
        }
        next
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(false);
        self.0.idle_since.set(Instant::now());
        self.0.read_on();
    }
}

/// An answer's body, and that it is under way.
struct Watched {
    body: BoxBody,
    /// Of its last piece: actix-http copies each piece, whoever reads it.
    rest: Bytes,
    _answering: Option<Answering>,
    /// Of the request's body: what was made of it is in the answer, until that is out.
    _room: Option<Room>,
    _waiting: Option<Taken>,
}

impl MessageBody for Watched {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(piece)) => self.rest = piece,
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(SLICE_BYTES);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}
