//! The keys of a workspace: made, listed, ended, and followed by others.

use std::time::Duration;

use domain::{KeyRole, Name, PublicId, WorkspaceId};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{credentials, random_api_key};
use crate::{Error, Result, Storage, Workspace, jobs::interval};

/// The most keys that may open a workspace at a time, beside the configured one.
pub const MOST_KEYS: i64 = 20;
/// The most lists that a key may be restricted to: all processes remember them.
pub const MOST_LISTS_OF_KEY: i32 = 1_000;

/// A workspace whose keys are to be changed by its operator.
#[derive(Debug, Clone)]
pub struct KeyOwner {
    workspace_id: i64,
    /// Whose doing it is, where it is somebody's at the console.
    person_id: Option<i64>,
    salt: Vec<u8>,
}

/// What a new key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRights {
    pub role: KeyRole,
    /// The only lists that it sees; `None`: all, also those that are made later.
    pub lists: Option<Vec<PublicId>>,
}

/// A key as its operator sees it.
#[derive(Debug, Clone)]
pub struct StoredApiKey {
    pub key_id: i64,
    pub label: String,
    /// Whether it is, or was, the one that servers are configured with.
    pub configured: bool,
    pub status: KeyStatus,
    pub role: KeyRole,
    /// The only lists that it sees, with their names, by name; `None`: all.
    pub lists: Option<Vec<(PublicId, String)>>,
    pub created_at: Timestamp,
    /// A day of UTC, `2026-11-30`.
    pub last_used_on: Option<String>,
    /// From when on it opens nothing; may lie ahead.
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    Active,
    /// It still opens the workspace, beside the one that follows it.
    Ending,
    Revoked,
}

/// What became of a key that was to be made.
#[derive(Debug)]
pub enum CreateKey {
    Created { key_id: i64, secret: SecretString },
    Refused(CreateKeyRefusal),
}

/// Why a key was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "create_api_key_refusal", rename_all = "kebab-case")]
pub enum CreateKeyRefusal {
    /// The workspace has this key already.
    Taken,
    /// The workspace had this key.
    Revoked,
    TooMany,
    /// One of its lists is no list of the workspace, or it would have none.
    NoList,
    TooManyLists,
}

/// A key that opens nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedKey {
    pub at: Timestamp,
    pub configured: bool,
    /// How many keys still open the workspace.
    pub left: i64,
}

/// What became of a key that was to be followed by another one.
#[derive(Debug)]
pub enum RotateKey {
    Rotated {
        key_id: i64,
        secret: SecretString,
        label: String,
        former_ends_at: Timestamp,
        former_configured: bool,
    },
    Refused(RotateKeyRefusal),
}

/// Why a key was not followed by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "rotate_api_key_refusal", rename_all = "kebab-case")]
pub enum RotateKeyRefusal {
    NoKey,
    /// It has ended, or its end is set.
    Revoked,
    TooMany,
}

/// What became of the key that a server is configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigureKey {
    /// It was the configured one before.
    Known,
    /// It is from now on, and these open nothing any more.
    Configured { former: Vec<i64> },
    /// It was a key until then, and stays revoked.
    Revoked { at: Timestamp },
}

impl Storage {
    pub async fn key_owner(&self, workspace: &WorkspaceId) -> Result<Option<KeyOwner>> {
        let row = sqlx::query!(
            "select workspace_id, key_salt from workspace where public_id = $1",
            workspace.as_str()
        );
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| KeyOwner {
            workspace_id: row.workspace_id,
            person_id: None,
            salt: row.key_salt,
        }))
    }

    /// The same for somebody at the console, under whose name changes are noted.
    pub async fn key_owner_at_console(&self, workspace: &Workspace) -> Result<KeyOwner> {
        let owner = self.key_owner(&workspace.public_id).await?;
        let owner = owner.ok_or_else(|| Error::Fault("a workspace is not there any more".to_owned()))?;
        Ok(KeyOwner {
            person_id: workspace.actor.person(),
            ..owner
        })
    }

    /// Makes a key, or stores the one that was brought.
    pub async fn create_api_key(
        &self,
        owner: &KeyOwner,
        label: &Name,
        rights: &KeyRights,
        key: Option<SecretString>,
    ) -> Result<CreateKey> {
        let secret = key.unwrap_or_else(random_api_key);
        let hash = credentials::hash(secret.clone(), owner.salt.clone()).await?;
        let lists: Option<Vec<Vec<u8>>> = rights
            .lists
            .as_ref()
            .map(|lists| lists.iter().map(|list| list.as_bytes().to_vec()).collect());
        let row = sqlx::query!(
            "select refusal, key_id from create_api_key($1, $2, $3, $4, $5, $6, $7, $8)",
            owner.workspace_id,
            label.as_str(),
            hash,
            rights.role.as_str(),
            lists.as_deref(),
            MOST_KEYS,
            MOST_LISTS_OF_KEY,
            owner.person_id,
        )
        .fetch_one(&self.pool)
        .await?;
        match (row.refusal, row.key_id) {
            (Some(refusal), _) => Ok(CreateKey::Refused(refusal)),
            (None, Some(key_id)) => Ok(CreateKey::Created { key_id, secret }),
            (None, None) => Err(unreadable()),
        }
    }

    /// All keys that the workspace has or had, the newest first.
    pub async fn api_keys(&self, owner: &KeyOwner) -> Result<Vec<StoredApiKey>> {
        let rows = sqlx::query!(
            r#"select k.api_key_id, k.label, k.configured, k.role, k.created_at, k.last_used_on::text as last_used_on,
                      k.revoked_at, coalesce(k.revoked_at <= clock_timestamp(), false) as "is_over!",
                      k.lists is null as "has_all_lists!",
                      array(select c.public_id from coupon_list c where c.list_id = any (k.lists)
                            order by lower(c.name), c.list_id) as "lists!",
                      array(select c.name from coupon_list c where c.list_id = any (k.lists)
                            order by lower(c.name), c.list_id) as "names!"
               from api_key k where k.workspace_id = $1 order by k.api_key_id desc"#,
            owner.workspace_id,
        )
        .fetch_all(&self.pool)
        .await?;
        let keys = rows.into_iter().map(|row| {
            let lists = row.lists.iter().zip(row.names).map(|(id, name)| {
                let id = PublicId::try_from(id.as_slice()).map_err(|_| unreadable())?;
                Ok((id, name))
            });
            let lists = lists.collect::<Result<Vec<_>>>()?;
            Ok(StoredApiKey {
                key_id: row.api_key_id,
                label: row.label,
                configured: row.configured,
                status: match row.revoked_at {
                    None => KeyStatus::Active,
                    Some(_) if row.is_over => KeyStatus::Revoked,
                    Some(_) => KeyStatus::Ending,
                },
                role: row.role.parse().map_err(|_| unreadable())?,
                lists: (!row.has_all_lists).then_some(lists),
                created_at: row.created_at.into(),
                last_used_on: row.last_used_on,
                revoked_at: row.revoked_at.map(Into::into),
            })
        });
        keys.collect()
    }

    /// Ends a key now; `None` if there is no such key. Servers that have seen it refuse it within
    /// `KeyMemory::forget_after`.
    pub async fn revoke_api_key(&self, owner: &KeyOwner, key_id: i64) -> Result<Option<RevokedKey>> {
        let row = sqlx::query!(
            r#"select revoked_at as "at!", configured as "configured!", left_over as "left!"
               from revoke_api_key($1, $2, $3)"#,
            owner.workspace_id,
            key_id,
            owner.person_id,
        );
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| RevokedKey {
            at: row.at.into(),
            configured: row.configured,
            left: row.left,
        }))
    }

    /// Makes a key with the label and the rights of another one, and ends that after `overlap`.
    pub async fn rotate_api_key(
        &self,
        owner: &KeyOwner,
        key_id: i64,
        overlap: Duration,
    ) -> Result<RotateKey> {
        let secret = random_api_key();
        let hash = credentials::hash(secret.clone(), owner.salt.clone()).await?;
        let row = sqlx::query!(
            "select refusal, key_id, label, former_ends_at, former_configured
             from rotate_api_key($1, $2, $3, $4, $5, $6)",
            owner.workspace_id,
            key_id,
            hash,
            interval(overlap),
            MOST_KEYS,
            owner.person_id,
        )
        .fetch_one(&self.pool)
        .await?;
        if let Some(refusal) = row.refusal {
            return Ok(RotateKey::Refused(refusal));
        }
        match (row.key_id, row.label, row.former_ends_at, row.former_configured) {
            (Some(key_id), Some(label), Some(ends_at), Some(former_configured)) => Ok(RotateKey::Rotated {
                key_id,
                secret,
                label,
                former_ends_at: ends_at.into(),
                former_configured,
            }),
            _ => Err(unreadable()),
        }
    }

    /// Makes this the workspace's configured key, unless it was revoked.
    pub(crate) async fn configure_api_key(
        &self,
        owner: &KeyOwner,
        key: &SecretString,
    ) -> Result<ConfigureKey> {
        let hash = credentials::hash(key.clone(), owner.salt.clone()).await?;
        let row = sqlx::query!(
            "select former, ended_at from configure_api_key($1, $2)",
            owner.workspace_id,
            hash,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(match (row.ended_at, row.former) {
            (Some(at), _) => ConfigureKey::Revoked { at: at.into() },
            (None, Some(former)) => ConfigureKey::Configured { former },
            (None, None) => ConfigureKey::Known,
        })
    }
}

fn unreadable() -> Error {
    Error::Fault("a key cannot be read".to_owned())
}
