//! How much of requests' bodies, and of what is made of them, the process has in memory at once.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpMessage as _, HttpRequest,
    rt::time::timeout,
    web::{self, Bytes},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{body::CONTRACT_BYTES, error::ApiError};

/// For bodies of the contract's size, in KiB.
const SMALL: u32 = 16 * 1024;
/// For larger ones, with the items they name: room for the largest body there may be, and for some usual ones.
const LARGE: u32 = 40 * 1024;
/// What 10,000 items and their answers take, in KiB, and how much of that a KiB of text may come to.
const ITEMS: u32 = 10 * 1024;
const ITEMS_A_KIB: u32 = 64;
/// How long a request waits for room before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);

/// The room for bodies, of all threads of the server.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// Large texts are looked at one at a time: their keys take more memory than they do.
    reading: Arc<Semaphore>,
}

/// The room that one body has, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    permit: OwnedSemaphorePermit,
    all: Arc<Semaphore>,
    names_items: bool,
    bytes: usize,
}

impl Default for Bodies {
    fn default() -> Self {
        let of = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        Self {
            small: of(SMALL),
            large: of(LARGE),
            reading: of(1),
        }
    }
}

impl Bodies {
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, ApiError> {
        request
            .app_data::<web::Data<Self>>()
            .map(web::Data::get_ref)
            .ok_or(ApiError::Unavailable)
    }

    /// Room for a body of so many bytes on an endpoint that takes `limit`.
    pub(crate) async fn room(&self, bytes: usize, limit: usize) -> Result<Room, ApiError> {
        let names_items = limit > CONTRACT_BYTES;
        let all = if names_items { &self.large } else { &self.small }.clone();
        let permit = timeout(WAIT, all.clone().acquire_many_owned(cost(bytes, names_items)));
        Ok(Room {
            permit: permit.await.map_err(|_| full())?.map_err(|_| full())?,
            all,
            names_items,
            bytes,
        })
    }

    /// What is made of a text. A large one has a thread that answers nobody meanwhile.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        text: Bytes,
        read: impl FnOnce(Bytes) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if text.len() <= CONTRACT_BYTES {
            return read(text);
        }
        let turn = self.reading.clone().acquire_owned().await;
        let turn = turn.map_err(|_| ApiError::Unavailable)?;
        // The turn goes with the work: a client that hangs up does not end it.
        let read = web::block(move || {
            let read = read(text);
            drop(turn);
            read
        });
        read.await.map_err(|_| ApiError::Unavailable)?
    }
}

impl Room {
    /// Grows with a body whose length was not announced, if there is room now: to wait with part of it would let bodies
    /// wait for each other.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let bytes = bytes.max(self.bytes * 2);
        let more = cost(bytes, self.names_items) - cost(self.bytes, self.names_items);
        let more = self
            .all
            .clone()
            .try_acquire_many_owned(more)
            .map_err(|_| full())?;
        self.permit.merge(more);
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps the room for as long as the request is being answered.
    pub(crate) fn keep(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }
}

/// In KiB; never more than there is.
fn cost(bytes: usize, names_items: bool) -> u32 {
    let text = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1);
    if names_items {
        let items = text.saturating_mul(ITEMS_A_KIB).min(ITEMS);
        text.saturating_add(items).min(LARGE)
    } else {
        text.min(SMALL)
    }
}

fn full() -> ApiError {
    ApiError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BATCH_BYTES;

    #[actix_web::test]
    async fn bodies_wait_for_room_and_none_waits_with_what_it_has() {
        let bodies = Bodies::default();
        let largest = bodies.room(BATCH_BYTES, BATCH_BYTES).await.unwrap();
        let mut growing = bodies.room(1024, BATCH_BYTES).await.unwrap();
        assert_eq!(growing.grow(BATCH_BYTES), Err(ApiError::Unavailable));
        let next = tokio::join!(bodies.room(BATCH_BYTES, BATCH_BYTES), async { drop(largest) });
        assert!(next.0.is_ok());
        drop(next);
        assert!(growing.grow(BATCH_BYTES).is_ok());
        drop(growing);
        assert_eq!(bodies.large.available_permits(), LARGE as usize);
        // Large ones take nothing of the small ones' room.
        assert_eq!(bodies.small.available_permits(), SMALL as usize);
    }
}
