//! Answers on their way to whoever reads them: lines are taken as they come, whether or not their answers are read. What
//! is unread stays in memory up to a limit and then goes to the database, in pieces, in its order.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{Read as _, Write as _},
    rc::Rc,
    time::Duration,
};

use actix_web::{
    rt::time::timeout,
    web::{self, Bytes},
};
use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use futures_util::{Stream, stream};
use storage::{ListRef, Spool, Storage};
use tokio::{runtime::Handle, sync::Notify};
use tracing::{debug, warn};

use crate::error::ApiError;

/// How much is kept in memory before and, again, behind what is in the database; also what a piece of that holds.
const MEMORY: usize = 1024 * 1024;
/// How long a reader who was reading is waited for before its answers go to the database: one who reads all the time is
/// a little behind now and then, and the memory is the shorter way.
const PATIENCE: Duration = Duration::from_millis(200);

/// The unread answers of one request. One task adds to them, one reads them.
pub(super) struct Answers {
    storage: Storage,
    spool: Spool,
    unread: RefCell<Unread>,
    /// Something was added.
    changed: Notify,
    /// Something was read.
    taken: Notify,
}

/// In the order in which it is read: what is in memory, what is in the database, what came after that.
#[derive(Default)]
struct Unread {
    first: VecDeque<Bytes>,
    first_bytes: usize,
    /// How many pieces were read, are in the database or were, and have begun their way into it.
    read: i32,
    kept: i32,
    begun: i32,
    last: Vec<u8>,
    /// Whether the reader has read nothing for a while.
    pauses: bool,
    ended: bool,
    failed: bool,
}

/// What a reader does next.
enum Next {
    Give(Bytes),
    Fetch(i32),
    Wait,
    End,
    Fail,
}

impl Answers {
    pub(super) fn new(storage: &Storage, list: &ListRef) -> Rc<Self> {
        Rc::new(Self {
            storage: storage.clone(),
            spool: Spool::begin(list),
            unread: RefCell::default(),
            changed: Notify::new(),
            taken: Notify::new(),
        })
    }

    /// Adds some, and keeps in the database what is too much for the memory.
    pub(super) async fn add(&self, bytes: Bytes) -> Result<(), ApiError> {
        while self.unread.borrow().is_behind() {
            if timeout(PATIENCE, self.taken.notified()).await.is_err() {
                self.unread.borrow_mut().pauses = true;
            }
        }
        let piece = self.unread.borrow_mut().add(bytes);
        self.changed.notify_one();
        let Some((number, piece)) = piece else {
            return Ok(());
        };
        let packed = web::block(move || pack(&piece))
            .await
            .map_err(|_| ApiError::BUSY)?;
        self.storage.keep_answers(self.spool, number, &packed).await?;
        self.unread.borrow_mut().has_kept();
        self.changed.notify_one();
        Ok(())
    }

    /// All were added.
    pub(super) fn end(&self) {
        self.unread.borrow_mut().ended = true;
        self.changed.notify_one();
    }

    /// Nothing more is added. A reader must not take what it has for all, unless they had ended before.
    pub(super) fn end_unless_ended(&self) {
        let mut unread = self.unread.borrow_mut();
        unread.failed = !unread.ended;
        drop(unread);
        self.changed.notify_one();
    }

    /// All of them, as they come.
    pub(super) fn read(self: Rc<Self>) -> impl Stream<Item = Result<Bytes, ApiError>> {
        stream::try_unfold(self, async |answers| {
            loop {
                let next = answers.unread.borrow_mut().next();
                match next {
                    Next::Give(bytes) => {
                        answers.taken.notify_one();
                        return Ok(Some((bytes, answers)));
                    }
                    Next::Fetch(number) => {
                        let packed = answers.storage.take_answers(answers.spool, number).await?;
                        let bytes = web::block(move || unpack(&packed)).await;
                        let bytes = bytes.ok().flatten().ok_or(ApiError::BUSY)?;
                        answers.unread.borrow_mut().read += 1;
                        answers.taken.notify_one();
                        return Ok(Some((bytes, answers)));
                    }
                    Next::Wait => answers.changed.notified().await,
                    Next::End => return Ok(None),
                    Next::Fail => {
                        warn!("a stream of answers was cut off");
                        return Err(ApiError::BUSY);
                    }
                }
            }
        })
    }
}

impl Unread {
    /// Answers a piece that must go to the database, with its number.
    fn add(&mut self, bytes: Bytes) -> Option<(i32, Vec<u8>)> {
        let only_memory = self.read == self.begun && self.last.is_empty();
        if only_memory && self.first_bytes < MEMORY {
            self.first_bytes += bytes.len();
            self.first.push_back(bytes);
            return None;
        }
        self.last.extend_from_slice(&bytes);
        if self.last.len() < MEMORY {
            return None;
        }
        self.begun += 1;
        Some((self.kept, std::mem::take(&mut self.last)))
    }

    /// Whether the reader is too far behind, but reads.
    fn is_behind(&self) -> bool {
        !self.pauses && (self.first_bytes >= MEMORY || self.last.len() >= MEMORY / 2)
    }

    fn has_kept(&mut self) {
        self.kept += 1;
    }

    fn next(&mut self) -> Next {
        self.pauses = false;
        if let Some(bytes) = self.first.pop_front() {
            self.first_bytes -= bytes.len();
            Next::Give(bytes)
        } else if self.read < self.kept {
            Next::Fetch(self.read)
        } else if self.failed {
            Next::Fail
        } else if self.kept < self.begun {
            Next::Wait
        } else if !self.last.is_empty() {
            Next::Give(std::mem::take(&mut self.last).into())
        } else if self.ended {
            Next::End
        } else {
            Next::Wait
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let unread = self.unread.get_mut();
        if unread.read == unread.begun {
            return;
        }
        let (storage, spool) = (self.storage.clone(), self.spool);
        // Without a runtime the process is ending, and the housekeeping of another removes them.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = storage.forget_answers(spool).await {
                    debug!(%error, "unread answers are left to the housekeeping");
                }
            });
        }
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    _ = packed.write_all(bytes);
    packed.finish().unwrap_or_default()
}

fn unpack(packed: &[u8]) -> Option<Bytes> {
    let mut bytes = Vec::with_capacity(2 * MEMORY);
    GzDecoder::new(packed).read_to_end(&mut bytes).ok()?;
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader gets, who reads with these pauses between what is added.
    fn read_by(pauses: &[usize]) -> Vec<u8> {
        let mut unread = Unread::default();
        let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
        let mut read = Vec::new();
        let mut take = |unread: &mut Unread, kept: &mut VecDeque<Vec<u8>>| match unread.next() {
            Next::Give(bytes) => read.extend_from_slice(&bytes),
            Next::Fetch(_) => {
                read.extend_from_slice(&unpack(&pack(&kept.pop_front().unwrap())).unwrap());
                unread.read += 1;
            }
            Next::Wait | Next::End | Next::Fail => {}
        };
        for (n, pause) in pauses.iter().cycle().take(4_000).enumerate() {
            let line = format!("{n:0>1000}\n");
            if let Some((_, piece)) = unread.add(line.into()) {
                // The reader may come while a piece is on its way.
                take(&mut unread, &mut kept);
                kept.push_back(piece);
                unread.has_kept();
            }
            assert!(unread.first_bytes + unread.last.len() < 2 * MEMORY + 2_002);
            if *pause == 0 {
                take(&mut unread, &mut kept);
            }
        }
        unread.ended = true;
        for _ in 0..10_000 {
            take(&mut unread, &mut kept);
        }
        read
    }

    #[test]
    fn answers_are_read_in_their_order_however_late() {
        let line = |n| format!("{n:0>1000}\n");
        let expected: String = (0..4_000).map(line).collect();
        for pauses in [&[0][..], &[1], &[1, 0], &[1, 1, 1, 0], &[0, 0, 1]] {
            assert!(read_by(pauses) == expected.as_bytes(), "{pauses:?}");
        }
    }
}
