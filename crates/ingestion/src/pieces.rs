//! The pieces of a file on its way in: in memory while the host is quick and there is room, else in the database.

use std::sync::Arc;

use bytes::Bytes;
use domain::LoadFailure;
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use memmap2::MmapMut;
use storage::{FileToFetch, Storage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The size of a piece; a file's last may be smaller.
const PIECE_BYTES: usize = 512 * 1024;
/// Pieces in memory, of all files together: 128 MiB, a little more than the largest file.
pub(crate) const ROOM: usize = 256;

/// A piece of a file, in memory of its own: it goes back to the system as soon as the piece was read, where an allocator
/// would keep it beside what the load needs next.
pub(crate) struct Piece {
    memory: MmapMut,
    length: usize,
}

/// A piece that waits, with its place in memory.
struct Held {
    piece: Piece,
    _room: OwnedSemaphorePermit,
}

impl Piece {
    /// # Errors
    /// If the system has no memory left.
    pub(crate) fn new() -> Result<Self, LoadFailure> {
        let memory = MmapMut::map_anon(PIECE_BYTES).map_err(|_| LoadFailure::ServerFault)?;
        Ok(Self { memory, length: 0 })
    }

    /// Takes what it has room for; the rest.
    pub(crate) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = self.memory.get_mut(self.length..).unwrap_or_default();
        let (now, later) = bytes.split_at(bytes.len().min(room.len()));
        if let Some(room) = room.get_mut(..now.len()) {
            room.copy_from_slice(now);
        }
        self.length += now.len();
        later
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length == PIECE_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.piece.as_ref()
    }
}

pub(crate) struct Pieces<'a> {
    storage: &'a Storage,
    file: &'a FileToFetch,
    room: Arc<Semaphore>,
    in_memory: Vec<Bytes>,
    in_database: i32,
    bytes: u64,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(storage: &'a Storage, file: &'a FileToFetch, room: Arc<Semaphore>) -> Self {
        Self {
            storage,
            file,
            room,
            in_memory: Vec::new(),
            in_database: 0,
            bytes: 0,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn are_in_memory(&self) -> bool {
        self.in_database == 0
    }

    /// The next piece, again if it stays in memory. The first for which there is no room sends all others to the
    /// database.
    pub(crate) async fn push(&mut self, piece: Piece) -> storage::Result<Option<Bytes>> {
        self.bytes += piece.as_ref().len() as u64;
        if self.are_in_memory()
            && let Ok(room) = Arc::clone(&self.room).try_acquire_owned()
        {
            let held = Bytes::from_owner(Held { piece, _room: room });
            self.in_memory.push(held.clone());
            return Ok(Some(held));
        }
        self.leave_memory().await?;
        self.keep(piece.as_ref()).await?;
        Ok(None)
    }

    /// Sends what is in memory to the database, and what comes later after it; how many pieces are there.
    pub(crate) async fn leave_memory(&mut self) -> storage::Result<i32> {
        for held in std::mem::take(&mut self.in_memory) {
            self.keep(&held).await?;
        }
        Ok(self.in_database)
    }

    async fn keep(&mut self, bytes: &[u8]) -> storage::Result<()> {
        self.storage
            .keep_fetched_piece(self.file, self.in_database, bytes)
            .await?;
        self.in_database += 1;
        Ok(())
    }

    /// The pieces in memory, each of which leaves its place when it is taken.
    pub(crate) fn into_stream(self) -> BoxStream<'static, storage::Result<Bytes>> {
        stream::iter(self.in_memory).map(Ok).boxed()
    }
}
