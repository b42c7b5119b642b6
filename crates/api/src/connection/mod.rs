//! A connection that its peer cannot keep for ever: actix-http's own deadlines end with the first request's head.

mod watch;

use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, rt::net::TcpStream, web};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};

pub(crate) use watch::{Taking, watch};

use crate::{error::ApiError, places::Place};

/// How long a connection may be idle. Longer than the usual 60 s of a balancer in front, so that it is the one who ends
/// an idle connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// So much may come of a head before it needs a place among the long ones.
const HEAD_BYTES: usize = 16 * 1024;
/// After so many bytes it is looked whether they are requests, and others have their turn first.
const LOOK_BYTES: usize = 4 * 1024;
/// So many bytes are read at once where they may be requests: actix-http's buffer has as much room at first, but makes more the
/// more requests wait.
const READ_BYTES: usize = 8 * 1024;
/// So many may come behind a request while it is being answered.
const AHEAD_BYTES: u64 = 4 * 1024;

/// How long a peer may let a connection stand still.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without taking a byte of what is to be written to it.
    stalled: Duration,
    /// With sending what belongs to no request under way: the rest of a body that was answered already, or a head.
    unasked: Duration,
    /// With a body that is waited for: all of it, or the next of one that comes in pieces.
    bodies: Duration,
    /// How often a connection is looked at.
    look: Duration,
}

impl Patience {
    /// Of 60 s, the default, 30 s are for bodies and 10 s for what is unasked, and each 5 s a connection is looked at.
    pub(crate) fn new(stalled: Duration) -> Self {
        Self {
            stalled,
            unasked: stalled / 6,
            bodies: stalled / 2,
            look: stalled / 12,
        }
    }

    pub(crate) fn bodies(self) -> Duration {
        self.bodies
    }

    /// How long the request's body may keep us waiting.
    pub(crate) fn with_body_of(request: &HttpRequest) -> Result<Duration, ApiError> {
        let patience = request.app_data::<web::Data<Self>>();
        patience.map(|patience| patience.bodies).ok_or(ApiError::BUSY)
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
    /// How many such bytes came.
    unasked: Cell<usize>,
    /// How many bytes came while requests were answered, one after the other.
    ahead: Cell<u64>,
    /// How many may come: the bodies of these requests, and a little of what follows them. actix-http makes requests of all that
    /// it reads, and each takes a hundred times its bytes.
    ahead_at_most: Cell<u64>,
    /// Who reads on when more may come.
    reader: RefCell<Option<Waker>>,
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
    /// Whether nothing is read until the peer takes of its answers.
    is_held: bool,
    /// So many of the bytes that no request had asked for were looked at, in case that they are one.
    looked_at: usize,
    /// The place of a long head.
    long_head: Option<OwnedSemaphorePermit>,
    place: Place,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, patience: Patience, place: Place) -> Self {
        let progress = Progress {
            answering: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            unasked_since: Cell::new(None),
            unasked: Cell::new(0),
            ahead: Cell::new(0),
            ahead_at_most: Cell::new(AHEAD_BYTES),
            reader: RefCell::default(),
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
            is_held: false,
            looked_at: 0,
            long_head: None,
            place,
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

    /// How many bytes may be read now.
    fn may_read(&mut self, context: &Context<'_>) -> io::Result<u64> {
        // Whoever takes no answers asks for no more of them: actix-http would keep what is asked for, and the answers.
        if self.full_since.is_some() && !self.progress.taking.get() {
            self.is_held = true;
            return Ok(0);
        }
        let progress = &self.progress;
        if progress.answering.get() {
            let more = progress.ahead_at_most.get().saturating_sub(progress.ahead.get());
            if more == 0 {
                progress.reader.replace(Some(context.waker().clone()));
            }
            return Ok(more);
        }
        // All that had come whole has been answered.
        progress.ahead.set(0);
        progress.ahead_at_most.set(AHEAD_BYTES);
        let unasked = progress.unasked.get();
        // Fewer than before: a request has begun since.
        self.looked_at = self.looked_at.min(unasked);
        if unasked - self.looked_at >= LOOK_BYTES {
            self.looked_at = unasked;
            context.waker().wake_by_ref();
            return Ok(0);
        }
        if unasked < HEAD_BYTES {
            self.long_head = None;
        } else if self.long_head.is_none() {
            self.long_head = Some(self.place.for_long_head().ok_or(io::ErrorKind::QuotaExceeded)?);
        }
        Ok(AHEAD_BYTES)
    }
}

/// Reads what has come, `most` bytes of it at most; how many it was.
fn read(
    socket: Pin<&mut TcpStream>,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
    most: usize,
) -> Poll<io::Result<usize>> {
    if buffer.remaining() <= most {
        let before = buffer.filled().len();
        ready!(socket.poll_read(context, buffer))?;
        return Poll::Ready(Ok(buffer.filled().len() - before));
    }
    let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
    ready!(socket.poll_read(context, &mut part))?;
    let came = part.filled().len();
    buffer.advance(came);
    Poll::Ready(Ok(came))
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look(context)?;
        let may_come = self.may_read(context)?;
        if may_come == 0 {
            return Poll::Pending;
        }
        let most = usize::try_from(may_come).unwrap_or(usize::MAX).max(READ_BYTES);
        let came = ready!(read(Pin::new(&mut self.socket), context, buffer, most))?;
        let progress = &self.progress;
        if progress.answering.get() {
            progress
                .ahead
                .set(progress.ahead.get().saturating_add(came as u64));
        } else if came > 0 {
            progress.unasked.set(progress.unasked.get().saturating_add(came));
            if progress.unasked_since.get().is_none() {
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
        if std::mem::take(&mut self.is_held) {
            context.waker().wake_by_ref();
        }
        if self.progress.unasked.get() < HEAD_BYTES {
            self.long_head = None;
        }
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
