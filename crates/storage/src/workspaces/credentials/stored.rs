//! What the database says of a workspace's keys.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{KeyRole, WorkspaceId};

use crate::{Actor, Error, Result, Workspace, pool::Pool};

/// A workspace that exists, as it was when it was read.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) workspace_id: i64,
    pub(super) salt: Vec<u8>,
    keys: Vec<StoredKey>,
    read_at: Instant,
    /// Whether anybody was let in by it.
    used: AtomicBool,
}

#[derive(Debug)]
pub(super) struct StoredKey {
    pub(super) api_key_id: i64,
    hash: String,
    pub(super) used_today: bool,
    role: KeyRole,
    /// The lists that it sees, in ascending order; `None`: all.
    lists: Option<Arc<[i64]>>,
}

impl Stored {
    /// The key with this hash. How long a comparison takes tells nothing: what is compared is made with a salt that
    /// nobody outside knows.
    pub(super) fn key(&self, hash: &str) -> Option<&StoredKey> {
        self.keys.iter().find(|key| key.hash == hash)
    }

    /// What the key opens, and what it may do there: read with its hash, so that both are as old.
    pub(super) fn opened_by(&self, key: &StoredKey, public_id: &WorkspaceId) -> Workspace {
        Workspace {
            workspace_id: self.workspace_id,
            actor: Actor::ApiKey {
                api_key_id: key.api_key_id,
                role: key.role,
            },
            lists: key.lists.clone(),
            public_id: public_id.clone(),
        }
    }

    pub(super) fn age(&self) -> Duration {
        self.read_at.elapsed()
    }

    pub(super) fn mark_used(&self) {
        // Thousands of requests a second share it: written once, then only read.
        if !self.is_used() {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}

/// Those of these workspaces that exist, with the keys that open them.
pub(super) async fn read_stored(
    pool: &Pool,
    workspaces: &[String],
) -> Result<Vec<(WorkspaceId, Arc<Stored>)>> {
    // From before the statement: what it says may have changed while it was under way.
    let read_at = Instant::now();
    let rows = sqlx::query!(
        r#"select w.public_id, w.workspace_id, w.key_salt, k.api_key_id as "api_key_id?", k.hash as "hash?",
                  k.role as "role?", k.lists,
                  k.last_used_on is not distinct from (clock_timestamp() at time zone 'UTC')::date as "used_today!"
           from workspace w left join api_key k
                on k.workspace_id = w.workspace_id and (k.revoked_at is null or k.revoked_at > clock_timestamp())
           where w.public_id = any($1) order by w.workspace_id"#,
        workspaces,
    )
    .fetch_all(pool)
    .await?;
    let mut found: Vec<(WorkspaceId, Stored)> = Vec::new();
    for row in rows {
        let is_another = found
            .last()
            .is_none_or(|(_, stored)| stored.workspace_id != row.workspace_id);
        if is_another {
            let unreadable = |_| Error::Fault("a workspace's id cannot be read".to_owned());
            let id = WorkspaceId::new(row.public_id).map_err(unreadable)?;
            let stored = Stored {
                workspace_id: row.workspace_id,
                salt: row.key_salt,
                keys: Vec::new(),
                read_at,
                used: AtomicBool::new(false),
            };
            found.push((id, stored));
        }
        if let (Some((_, stored)), Some(api_key_id), Some(hash), Some(role)) =
            (found.last_mut(), row.api_key_id, row.hash, row.role)
        {
            stored.keys.push(StoredKey {
                api_key_id,
                hash,
                used_today: row.used_today,
                role: role
                    .parse()
                    .map_err(|_| Error::Fault("a key's role cannot be read".to_owned()))?,
                lists: row.lists.map(Into::into),
            });
        }
    }
    let shared = found.into_iter().map(|(id, stored)| (id, Arc::new(stored)));
    Ok(shared.collect())
}
