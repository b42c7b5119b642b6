//! API keys: argon2id at rest, verified rarely.

use std::{sync::Arc, time::Duration};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};
use domain::WorkspaceId;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{Error, Result, Storage, Workspace};

/// A key as a client presents it.
pub type ApiKey = SecretString;

/// A verification costs 19 MiB and tens of milliseconds of a core: more at once would let anyone who can send a wrong
/// key take the whole machine.
const HASHES_AT_ONCE: usize = 2;
/// Callers that may wait for one; beyond it they are told to come back.
const HASHES_WAITING: usize = 256;
/// How long a revoked key may still be taken by a process that has seen it.
const STORED_REMEMBERED: Duration = Duration::from_secs(30);
/// How long a key that verified against a stored hash needs no other verification; it ends sooner, with the hash.
const RIGHT_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Why nothing can be said about a key just now.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    #[error("too many keys are being verified")]
    Busy,
    #[error(transparent)]
    Storage(#[from] Error),
}

/// What has been found right lately. Nothing is remembered of a wrong key: it costs the one who sends it the wait. A right
/// key that was seen before needs no hash, so wrong ones do not delay it; one not seen yet waits its turn among them.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Workspaces that exist, with their stored hashes.
    stored: Cache<WorkspaceId, Arc<Stored>>,
    /// Digests of (workspace, stored hash, presented key) that verified.
    right: Cache<[u8; 32], ()>,
    slots: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

#[derive(Debug)]
struct Stored {
    workspace_id: i64,
    keys: Vec<StoredKey>,
}

#[derive(Debug, Clone)]
struct StoredKey {
    /// `None`: the decoy, which opens nothing.
    api_key_id: Option<i64>,
    hash: String,
}

impl Credentials {
    pub(crate) fn new() -> Self {
        Self {
            stored: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(STORED_REMEMBERED)
                .build(),
            right: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(RIGHT_REMEMBERED)
                .build(),
            slots: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            queue: Arc::new(Semaphore::new(HASHES_WAITING)),
        }
    }

    /// The workspace, if the key is one of its keys. An unknown workspace costs as much time as a wrong key.
    /// `before_hash` may refuse what that costs.
    pub(crate) async fn verify<E: From<AuthenticationError>>(
        &self,
        storage: &Storage,
        workspace: &WorkspaceId,
        key: &ApiKey,
        before_hash: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<Workspace>, E> {
        let found = |stored: &Stored, api_key_id| Workspace {
            workspace_id: stored.workspace_id,
            api_key_id,
            public_id: workspace.clone(),
        };
        let remembered = |stored: &Stored| {
            let is_right =
                |stored: &&StoredKey| self.right.contains_key(&digest(workspace, &stored.hash, key));
            let right = stored.keys.iter().find(is_right)?;
            Some(found(stored, right.api_key_id))
        };
        if let Some(stored) = self.stored.get(workspace).await
            && let Some(workspace) = remembered(&stored)
        {
            return Ok(Some(workspace));
        }
        // Read again before a key is called wrong: it may have been made a moment ago.
        let stored = read_stored(storage, workspace)
            .await
            .map_err(AuthenticationError::Storage)?;
        if let Some(stored) = &stored {
            self.stored.insert(workspace.clone(), stored.clone()).await;
            // Before any hash: of several keys the one presented may be the last.
            if let Some(workspace) = remembered(stored) {
                return Ok(Some(workspace));
            }
        }
        before_hash()?;
        let keys = stored
            .as_ref()
            .map_or_else(|| vec![decoy_key()], |stored| stored.keys.clone());
        for candidate in keys {
            if self.is_right(workspace, &candidate.hash, key).await? {
                return Ok(stored
                    .as_deref()
                    .map(|stored| found(stored, candidate.api_key_id)));
            }
        }
        Ok(None)
    }

    /// Drops what is known of a workspace whose keys changed.
    pub(crate) async fn forget(&self, workspace: &WorkspaceId) {
        self.stored.invalidate(workspace).await;
    }

    async fn is_right(
        &self,
        workspace: &WorkspaceId,
        hash: &str,
        key: &ApiKey,
    ) -> Result<bool, AuthenticationError> {
        let digest = digest(workspace, hash, key);
        // Fifty first requests with one key wait for one verification.
        let verified = self.right.try_get_with(digest, async {
            let _waiting = self
                .queue
                .clone()
                .try_acquire_owned()
                .map_err(|_| Verdict::Busy)?;
            let _slot = self
                .slots
                .clone()
                .acquire_owned()
                .await
                .map_err(|_| Verdict::Busy)?;
            let (hash, key) = (hash.to_owned(), key.clone());
            match tokio::task::spawn_blocking(move || verify(&hash, &key)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Verdict::Wrong),
                Err(_) => Err(Verdict::Busy),
            }
        });
        match verified.await {
            Ok(()) => Ok(true),
            Err(verdict) if *verdict == Verdict::Wrong => Ok(false),
            Err(_) => Err(AuthenticationError::Busy),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wrong,
    Busy,
}

impl Storage {
    /// The workspace that these credentials open, or nothing. `before_hash` is asked when the key has to be hashed,
    /// since it was not found right lately, and may refuse.
    pub async fn authenticate<E: From<AuthenticationError>>(
        &self,
        workspace: &WorkspaceId,
        key: &ApiKey,
        before_hash: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<Workspace>, E> {
        self.credentials.verify(self, workspace, key, before_hash).await
    }
}

async fn read_stored(storage: &Storage, workspace: &WorkspaceId) -> Result<Option<Arc<Stored>>> {
    let rows = sqlx::query!(
        "select workspace_id, api_key_id, hash from workspace join api_key using (workspace_id)
         where public_id = $1 and revoked_at is null order by api_key_id desc",
        workspace.as_str(),
    )
    .fetch_all(&storage.pool)
    .await?;
    let Some(workspace_id) = rows.first().map(|row| row.workspace_id) else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Stored {
        workspace_id,
        keys: rows
            .into_iter()
            .map(|row| StoredKey {
                api_key_id: Some(row.api_key_id),
                hash: row.hash,
            })
            .collect(),
    })))
}

/// Length-prefixed, so that no two triples run together.
fn digest(workspace: &WorkspaceId, hash: &str, key: &ApiKey) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [workspace.as_str(), hash, key.expose_secret()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The argon2id hash of a key, as a PHC string.
pub(crate) async fn hash(key: ApiKey) -> Result<String> {
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(key.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
    });
    match hashed.await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(Error::Fault(format!("argon2: {error}"))),
        Err(error) => Err(Error::Fault(format!("argon2: {error}"))),
    }
}

fn verify(hash: &str, key: &ApiKey) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(key.expose_secret().as_bytes(), &parsed)
            .is_ok()
    })
}

fn decoy_key() -> StoredKey {
    StoredKey {
        api_key_id: None,
        hash: decoy().to_owned(),
    }
}

/// A hash that no key opens, of the usual cost.
fn decoy() -> &'static str {
    "$argon2id$v=19$m=19456,t=2,p=1$Y291cG9ucnkgZGVjb3kgMQ$n3T0WmNq8yC1QhQ5mUu0kqGx1e2iVb0v5cJw9b7yJ3s"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_opens_its_own_hash_only() {
        let stored = hash(SecretString::from("right")).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(&stored, &SecretString::from("right")));
        assert!(!verify(&stored, &SecretString::from("righ")));
        assert!(!verify(&stored, &SecretString::from("Right")));
    }

    #[test]
    fn the_decoy_is_a_hash_that_costs_the_usual_time() {
        let (decoy_hash, usual) = (
            PasswordHash::new(decoy()).unwrap(),
            Argon2::default().hash_password(b"x").unwrap(),
        );
        assert_eq!(decoy_hash.params, usual.params);
        assert_eq!(decoy_hash.algorithm, usual.algorithm);
        assert!(!verify(decoy(), &SecretString::from("")));
    }

    #[test]
    fn concatenations_that_agree_have_different_digests() {
        let of = |workspace: &str, hash: &str, key: &str| {
            digest(
                &WorkspaceId::new(workspace).unwrap(),
                hash,
                &SecretString::from(key),
            )
        };
        assert_ne!(of("ab", "c", "d"), of("a", "bc", "d"));
        assert_ne!(of("a", "bc", "d"), of("a", "b", "cd"));
    }
}
