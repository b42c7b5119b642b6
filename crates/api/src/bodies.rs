//! How much of requests' bodies, and of what is made of them, the process has in memory at once.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpMessage as _, HttpRequest,
    rt::time::timeout,
    web::{self, Bytes},
};
use domain::WorkspaceId;
use tokio::sync::Semaphore;

use crate::{
    authentication::workspace_of,
    body::BODY_BYTES,
    ceilings::{Ceiling, Taken},
    error::ApiError,
};

/// For bodies of the documented endpoints, in KiB.
const SMALL: u32 = 16 * 1024;
/// For larger ones while they come in and are read: twice the largest there may be.
const LARGE: u32 = 32 * 1024;
/// For the items that larger ones name, and their answers: four times what 10,000 take.
const ITEMS: u32 = 64 * 1024;
/// What 10,000 items and their answers take, in KiB, and how much of that a KiB of text may come to.
const ITEMS_OF_ONE: u32 = 16 * 1024;
const ITEMS_A_KIB: u32 = 64;
/// How long a request waits for room before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);

/// The room for bodies, of all threads of the server. One workspace has half of each at most: however slow its clients
/// are, the others find room. A body waits for room for its text and then, whole, for that for its items, so that none
/// who has the second waits for the first.
#[derive(Debug)]
pub(crate) struct Bodies {
    small: Ceiling<Option<WorkspaceId>>,
    large: Ceiling<Option<WorkspaceId>>,
    items: Ceiling<Option<WorkspaceId>>,
    /// Large texts are looked at one at a time: their keys take more memory than they do.
    reading: Arc<Semaphore>,
}

/// The room that one body has, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    whose: Option<WorkspaceId>,
    text: Option<Taken>,
    items: Option<Taken>,
    /// The most this body may have.
    limit: usize,
    bytes: usize,
}

impl Default for Bodies {
    fn default() -> Self {
        let of = |kib: u32| Ceiling::new(kib, kib / 2);
        Self {
            small: of(SMALL),
            large: of(LARGE),
            items: of(ITEMS),
            reading: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Bodies {
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, ApiError> {
        request
            .app_data::<web::Data<Self>>()
            .map(web::Data::get_ref)
            .ok_or(ApiError::BUSY)
    }

    /// Room for the text of a body of so many bytes on an endpoint that takes `limit`.
    pub(crate) async fn room(
        &self,
        request: &HttpRequest,
        bytes: usize,
        limit: usize,
    ) -> Result<Room, ApiError> {
        self.room_of(workspace_of(request), bytes, limit).await
    }

    async fn room_of(
        &self,
        whose: Option<WorkspaceId>,
        bytes: usize,
        limit: usize,
    ) -> Result<Room, ApiError> {
        let texts = if is_large(limit) { &self.large } else { &self.small };
        let text = in_time(texts.take(whose.clone(), kib(bytes))).await?;
        Ok(Room {
            whose,
            text: Some(text),
            items: None,
            limit,
            bytes,
        })
    }

    /// Makes the room larger for a body whose length was not announced. Those that grow at the same time may wait for each
    /// other's room; the first whose wait is over makes way for the others.
    pub(crate) async fn grow(&self, room: &mut Room, bytes: usize) -> Result<(), ApiError> {
        if bytes <= room.bytes {
            return Ok(());
        }
        let bytes = bytes.max(room.bytes * 2).min(room.limit);
        let texts = if is_large(room.limit) {
            &self.large
        } else {
            &self.small
        };
        let more = kib(bytes) - kib(room.bytes);
        let more = in_time(texts.take(room.whose.clone(), more)).await?;
        match &mut room.text {
            Some(text) => text.merge(more),
            none => *none = Some(more),
        }
        room.bytes = bytes;
        Ok(())
    }

    /// What is made of a text that has come. A large one has a thread that answers nobody meanwhile.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        room: &mut Room,
        text: Bytes,
        read: impl FnOnce(Bytes) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if is_large(room.limit) {
            let items = kib(text.len()).saturating_mul(ITEMS_A_KIB).min(ITEMS_OF_ONE);
            room.items = Some(in_time(self.items.take(room.whose.clone(), items)).await?);
        }
        if text.len() <= BODY_BYTES {
            return read(text);
        }
        let turn = self.reading.clone().acquire_owned().await;
        let turn = turn.map_err(|_| ApiError::BUSY)?;
        // The turn goes with the work: a client that hangs up does not end it.
        let read = web::block(move || {
            let read = read(text);
            drop(turn);
            read
        });
        let read = read.await.map_err(|_| ApiError::BUSY)?;
        // Of a large text nothing is left but its items.
        room.text = None;
        read
    }
}

impl Room {
    pub(crate) fn is_small(&self) -> bool {
        !is_large(self.limit)
    }

    /// Keeps the room for as long as the request is being answered.
    pub(crate) fn keep(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }
}

/// Whether a body of this limit names items.
fn is_large(limit: usize) -> bool {
    limit > BODY_BYTES
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1)
}

async fn in_time(take: impl Future<Output = Option<Taken>>) -> Result<Taken, ApiError> {
    let taken = timeout(WAIT, take).await.ok().flatten();
    taken.ok_or(ApiError::BUSY)
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, future::join_all};

    use super::*;
    use crate::body::BATCH_BYTES;

    fn workspace(id: &str) -> Option<WorkspaceId> {
        WorkspaceId::new(id).ok()
    }

    async fn largest(bodies: &Bodies, whose: &str) -> Result<Room, ApiError> {
        bodies.room_of(workspace(whose), BATCH_BYTES, BATCH_BYTES).await
    }

    #[actix_web::test]
    async fn slow_bodies_of_one_workspace_keep_no_other_from_its_room() {
        let bodies = Bodies::default();
        let ten = 10 * 1024 * 1024;
        let mut slow = Vec::new();
        let of_one = || bodies.room_of(workspace("slow"), ten, BATCH_BYTES);
        slow.extend(of_one().now_or_never());
        let more = [of_one(), of_one()].map(Box::pin);
        let more = join_all(more);
        let mut more = Box::pin(more);
        assert!((&mut more).now_or_never().is_none());
        assert!(largest(&bodies, "other").now_or_never().unwrap().is_ok());
    }

    #[actix_web::test]
    async fn a_body_of_unknown_length_waits_for_room_as_it_grows() {
        let bodies = Bodies::default();
        let first = largest(&bodies, "first").await.unwrap();
        let second = largest(&bodies, "second").await.unwrap();
        assert_eq!(bodies.large.left(), 0);
        drop(first);
        let mut growing = bodies
            .room_of(workspace("third"), 1024, BATCH_BYTES)
            .await
            .unwrap();
        let grown = tokio::join!(bodies.grow(&mut growing, BATCH_BYTES), async { drop(second) });
        assert_eq!(grown.0, Ok(()));
        assert_eq!(bodies.large.left(), (LARGE / 2) as usize);
        drop(growing);
        assert_eq!(bodies.large.left(), LARGE as usize);
        // Large ones take nothing of the small ones' room.
        assert_eq!(bodies.small.left(), SMALL as usize);
    }

    #[actix_web::test]
    async fn a_text_that_was_read_makes_room_for_the_next_and_its_items_stay() {
        let bodies = Bodies::default();
        let mut room = largest(&bodies, "w").await.unwrap();
        assert_eq!(bodies.items.left(), ITEMS as usize);
        let text = Bytes::from(vec![b' '; BATCH_BYTES]);
        assert_eq!(
            bodies.read(&mut room, text, |text| Ok(text.len())).await,
            Ok(BATCH_BYTES)
        );
        assert_eq!(bodies.large.left(), LARGE as usize);
        assert_eq!(bodies.items.left(), (ITEMS - ITEMS_OF_ONE) as usize);
        drop(room);
        assert_eq!(bodies.items.left(), ITEMS as usize);
    }
}
