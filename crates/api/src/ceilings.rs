//! Ceilings that hold for all together and, lower ones, for each of them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A semaphore for each, there for as long as one of its permits is.
#[derive(Debug)]
pub(crate) struct Shares<K> {
    most: usize,
    of: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Hash + Eq> Shares<K> {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most: most as usize,
            of: Mutex::default(),
        }
    }

    pub(crate) fn of(&self, key: K) -> Arc<Semaphore> {
        let mut shares = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&key).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.most));
        shares.insert(key, Arc::downgrade(&share));
        share
    }
}

/// What there is of something, and what one of those who take it may have.
#[derive(Debug)]
pub(crate) struct Ceiling<K> {
    all: Arc<Semaphore>,
    shares: Shares<K>,
}

/// What one has of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    all: OwnedSemaphorePermit,
    share: OwnedSemaphorePermit,
}

impl<K: Hash + Eq> Ceiling<K> {
    pub(crate) fn new(all: u32, of_one: u32) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all as usize)),
            shares: Shares::new(of_one),
        }
    }

    /// At once or not at all.
    pub(crate) fn try_take(&self, key: K, number: u32) -> Option<Taken> {
        let share = self.shares.of(key).try_acquire_many_owned(number).ok()?;
        let all = self.all.clone().try_acquire_many_owned(number).ok()?;
        Some(Taken { all, share })
    }

    /// As soon as there is enough. Who waits for its own share keeps nothing from the others meanwhile.
    pub(crate) async fn take(&self, key: K, number: u32) -> Option<Taken> {
        let share = self.shares.of(key).acquire_many_owned(number).await.ok()?;
        let all = self.all.clone().acquire_many_owned(number).await.ok()?;
        Some(Taken { all, share })
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.all.available_permits()
    }
}

impl Taken {
    pub(crate) fn merge(&mut self, more: Self) {
        self.all.merge(more.all);
        self.share.merge(more.share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_its_share_and_no_more_and_what_is_dropped_is_there_again() {
        let ceiling = Ceiling::new(5, 3);
        let greedy = ceiling.try_take("greedy", 3).unwrap();
        assert!(ceiling.try_take("greedy", 1).is_none());
        let other = ceiling.try_take("other", 2).unwrap();
        assert!(ceiling.try_take("third", 1).is_none());
        drop(greedy);
        assert!(ceiling.try_take("other", 2).is_none());
        assert!(ceiling.try_take("third", 3).is_some());
        drop(other);
        assert_eq!(ceiling.left(), 5);
    }

    #[test]
    fn who_has_nothing_is_not_remembered() {
        let shares = Shares::new(1);
        for n in 0..100 {
            assert_eq!(shares.of(n).available_permits(), 1);
        }
        assert_eq!(shares.of.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn who_waits_for_its_share_keeps_nothing_from_others() {
        let ceiling = Ceiling::new(4, 2);
        let first = ceiling.take("greedy", 2).await.unwrap();
        let more = tokio::join!(ceiling.take("greedy", 2), async {
            assert!(ceiling.take("other", 2).await.is_some());
            drop(first);
        });
        assert!(more.0.is_some());
    }
}
