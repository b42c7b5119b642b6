//! A connection that its peer cannot keep for ever: actix-http's own deadlines end with the first request's head.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, Version},
    middleware::Next,
    rt::net::TcpStream,
    web::Bytes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::{bodies::Room, places::Place};

/// How long a connection may be idle. Longer than the usual 60 s of a balancer in front, so that it is the one who ends
/// an idle connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// An answer of so many bytes goes out in one piece.
const AT_ONCE: u64 = 16 * 1024;

/// How long a peer may let a connection stand still.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without taking a byte of what is to be written to it.
    stalled: Duration,
    /// With sending what belongs to no request under way: the rest of a body that was answered already, or a head.
    unasked: Duration,
    /// How often a connection is looked at.
    look: Duration,
}

impl Patience {
    /// Of 60 s, the default, 10 s are for what is unasked, and each 5 s a connection is looked at.
    pub(crate) fn new(stalled: Duration) -> Self {
        Self {
            stalled,
            unasked: stalled / 6,
            look: stalled / 12,
        }
    }
}

/// What the requests of a connection tell its stream, and the other way round.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Whether a request is being answered.
    answering: Cell<bool>,
    /// When the last answer ended or, after it, some of it was taken; before the first, when the connection began.
    idle_since: Cell<Instant>,
    /// When the first byte came that no request under way had asked for.
    unasked_since: Cell<Option<Instant>>,
    /// Whether a body is taken whose answer has begun: a peer that sends need not take anything meanwhile.
    taking: Cell<bool>,
    /// When such a body ended.
    taken_at: Cell<Option<Instant>>,
}

/// The socket under a connection. Each operation of it looks whether the peer has let it stand still for too long, and
/// fails if it has; the clock wakes the connection to that end.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    progress: Rc<Progress>,
    patience: Patience,
    clock: Pin<Box<Sleep>>,
    /// Whether the clock will wake the connection.
    is_set: bool,
    /// Since when the socket has taken nothing of what is to be written.
    full_since: Option<Instant>,
    _place: Place,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, patience: Patience, place: Place) -> Self {
        let progress = Progress {
            answering: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            unasked_since: Cell::new(None),
            taking: Cell::new(false),
            taken_at: Cell::new(None),
        };
        Self {
            socket,
            progress: Rc::new(progress),
            patience,
            clock: Box::pin(sleep(patience.look)),
            is_set: false,
            full_since: None,
            _place: place,
        }
    }

    pub(crate) fn progress(&self) -> Rc<Progress> {
        self.progress.clone()
    }

    fn look(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        // It is asked more often than once a request, so only what is due costs more than this.
        if self.is_set && !self.clock.is_elapsed() {
            return Ok(());
        }
        while self.clock.as_mut().poll(context).is_ready() {
            self.clock
                .as_mut()
                .reset((Instant::now() + self.patience.look).into());
            let over = |since: Option<Instant>, limit| since.is_some_and(|since| since.elapsed() > limit);
            let idle_since = (!self.progress.answering.get()).then_some(self.progress.idle_since.get());
            let full_since = self.full_since.filter(|_| !self.progress.taking.get());
            let stalled_since =
                full_since.map(|since| since.max(self.progress.taken_at.get().unwrap_or(since)));
            if over(stalled_since, self.patience.stalled)
                || over(self.progress.unasked_since.get(), self.patience.unasked)
                || over(idle_since, KEEP_ALIVE + self.patience.unasked)
            {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        self.is_set = true;
        Ok(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            let progress = &self.progress;
            if !progress.answering.get() && progress.unasked_since.get().is_none() {
                progress.unasked_since.set(Some(Instant::now()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look(context)?;
        let Poll::Ready(written) = Pin::new(&mut self.socket).poll_write(context, bytes) else {
            self.full_since.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        self.full_since = None;
        if !self.progress.answering.get() {
            self.progress.idle_since.set(Instant::now());
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look(context)?;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look(context)?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

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
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answering = request.conn_data::<Rc<Progress>>().cloned().map(Answering::new);
    let knows_chunks = request.version() >= Version::HTTP_11;
    let mut response = next.call(request).await?;
    if !knows_chunks && response.response().body().size() == BodySize::Stream {
        // The end of the connection ends the answer.
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    let room = response.request().extensions_mut().remove::<Room>();
    if let BodySize::None | BodySize::Sized(..=AT_ONCE) = response.response().body().size()
        && room.as_ref().is_none_or(Room::is_small)
    {
        // It is as good as out.
        return Ok(response.map_into_boxed_body());
    }
    Ok(response.map_body(|_, body| {
        let body = body.boxed();
        BoxBody::new(Watched {
            body,
            _answering: answering,
            _room: room,
        })
    }))
}

/// While a request is being answered.
struct Answering(Rc<Progress>);

impl Answering {
    fn new(progress: Rc<Progress>) -> Self {
        progress.answering.set(true);
        progress.unasked_since.set(None);
        Self(progress)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(false);
        self.0.idle_since.set(Instant::now());
    }
}

/// An answer's body, and that it is under way.
struct Watched {
    body: BoxBody,
    _answering: Option<Answering>,
    /// Of the request's body: what was made of it is in the answer, until that is out.
    _room: Option<Room>,
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
        Pin::new(&mut self.body).poll_next(context)
    }
}
