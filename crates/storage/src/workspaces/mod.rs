//! Tenants.

mod api_keys;
mod audit;
pub(crate) mod credentials;
mod link_keys;
mod rate_limits;

use std::sync::Arc;

use domain::{KeyRole, WorkspaceId};
use rand::RngExt as _;
use secrecy::SecretString;

pub use self::{
    api_keys::{
        ConfigureKey, CreateKey, CreateKeyRefusal, KeyOwner, KeyRights, KeyStatus, MOST_KEYS,
        MOST_LISTS_OF_KEY, RevokedKey, RotateKey, RotateKeyRefusal, StoredApiKey,
    },
    audit::AuditEntry,
    credentials::{ApiKey, AuthenticationError, KeyMemory},
    rate_limits::Quota,
};
use crate::{Error, Result, Storage};

/// A workspace and who may act in it: every look-up of a list asks for one, and finds the lists that the actor sees.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct Workspace {
    pub(crate) workspace_id: i64,
    pub(crate) actor: Actor,
    /// The lists that the actor sees, in ascending order; `None`: all. The others are, for the actor, not there.
    pub(crate) lists: Option<Arc<[i64]>>,
    pub public_id: WorkspaceId,
}

/// Whose doing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Of whoever presented this key.
    ApiKey { api_key_id: i64, role: KeyRole },
    /// Of somebody at the console.
    Person(i64),
}

impl Actor {
    fn api_key(self) -> Option<i64> {
        match self {
            Self::ApiKey { api_key_id, .. } => Some(api_key_id),
            Self::Person(_) => None,
        }
    }

    pub(crate) fn person(self) -> Option<i64> {
        match self {
            Self::ApiKey { .. } => None,
            Self::Person(id) => Some(id),
        }
    }
}

impl Workspace {
    /// Whether a key acts that may do what this role may.
    pub fn key_may(&self, needed: KeyRole) -> bool {
        matches!(self.actor, Actor::ApiKey { role, .. } if role >= needed)
    }

    /// Whether the actor sees all lists, also those that are made later.
    pub fn has_all_lists(&self) -> bool {
        self.lists.is_none()
    }

    pub(crate) fn sees(&self, list_id: i64) -> bool {
        let lists = self.lists.as_deref();
        lists.is_none_or(|lists| lists.binary_search(&list_id).is_ok())
    }
}

impl Storage {
    /// Makes a workspace. Without an id or a key of the caller's, random ones are made; the key is answered this once.
    /// `None` if the id is taken.
    pub async fn create_workspace(
        &self,
        name: &str,
        id: Option<WorkspaceId>,
        key: Option<SecretString>,
    ) -> Result<Option<(WorkspaceId, SecretString)>> {
        let id = match id {
            Some(id) => id,
            None => random_workspace_id(),
        };
        let key = key.unwrap_or_else(random_api_key);
        let made = self.insert_workspace(name, &id, &key, FirstKey::Made).await?;
        Ok(made.then_some((id, key)))
    }

    /// Makes sure that a workspace with this id exists, and that this is its configured key, as at the start of a
    /// server.
    pub async fn ensure_workspace(&self, id: &WorkspaceId, key: &SecretString) -> Result<ConfigureKey> {
        if let Some(owner) = self.key_owner(id).await? {
            return self.configure_api_key(&owner, key).await;
        }
        if self
            .insert_workspace(id.as_str(), id, key, FirstKey::Configured)
            .await?
        {
            return Ok(ConfigureKey::Configured { former: Vec::new() });
        }
        // Another server made it a moment before.
        let owner = self.key_owner(id).await?;
        let owner = owner.ok_or_else(|| Error::Fault("a workspace is taken, but not there".to_owned()))?;
        self.configure_api_key(&owner, key).await
    }

    /// False if the id is taken.
    async fn insert_workspace(
        &self,
        name: &str,
        id: &WorkspaceId,
        key: &SecretString,
        first: FirstKey,
    ) -> Result<bool> {
        let salt: [u8; 16] = rand::random();
        let hash = credentials::hash(key.clone(), salt.to_vec()).await?;
        let (label, configured) = match first {
            FirstKey::Made => ("first", false),
            FirstKey::Configured => ("configured", true),
        };
        let made = sqlx::query!(
            "with made as (
                 insert into workspace (public_id, name, key_salt) values ($1, $2, $3)
                 on conflict on constraint workspace_public_id_unique do nothing
                 returning workspace_id
             )
             insert into api_key (workspace_id, hash, label, configured, role)
             select workspace_id, $4, $5, $6, $7 from made",
            id.as_str(),
            name,
            &salt,
            hash,
            label,
            configured,
            KeyRole::Manage.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(made.rows_affected() == 1)
    }

    /// Whether there is any workspace at all.
    pub async fn has_workspace(&self) -> Result<bool> {
        let found = sqlx::query_scalar!(r#"select exists (select from workspace) as "found!""#);
        Ok(found.fetch_one(&self.pool).await?)
    }
}

/// Where the first key of a workspace comes from.
enum FirstKey {
    Made,
    Configured,
}

fn random_workspace_id() -> WorkspaceId {
    let text = random_text(16);
    // Letters and digits cannot break the rules of a workspace id.
    WorkspaceId::new(text).unwrap_or_else(|_| unreachable!())
}

/// 43 letters and digits: 256 bits.
pub(crate) fn random_api_key() -> SecretString {
    SecretString::from(random_text(43))
}

fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}
