//! Tenants.

use domain::WorkspaceId;
use rand::RngExt as _;
use secrecy::SecretString;

use crate::{AuthenticationError, Result, Storage, credentials};

/// A workspace whose key was presented and found right: every look-up of a list asks for one.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the keys are called as in the schema")]
pub struct Workspace {
    pub(crate) workspace_id: i64,
    /// The key that was presented.
    pub(crate) api_key_id: Option<i64>,
    pub public_id: WorkspaceId,
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
        let hash = credentials::hash(key.clone()).await?;
        let made = sqlx::query!(
            "with made as (
                 insert into workspace (public_id, name) values ($1, $2)
                 on conflict on constraint workspace_public_id_unique do nothing
                 returning workspace_id
             )
             insert into api_key (workspace_id, hash) select workspace_id, $3 from made",
            id.as_str(),
            name,
            hash,
        )
        .execute(&self.pool)
        .await?;
        Ok((made.rows_affected() == 1).then_some((id, key)))
    }

    /// Makes sure that a workspace with this id and key exists, as configured for the start. An existing workspace
    /// keeps its other keys.
    pub async fn ensure_workspace(&self, id: &WorkspaceId, key: &SecretString) -> Result<()> {
        if self
            .create_workspace(id.as_str(), Some(id.clone()), Some(key.clone()))
            .await?
            .is_some()
        {
            return Ok(());
        }
        if self
            .credentials
            .verify(self, id, key, || Ok::<_, AuthenticationError>(()))
            .await
            .is_ok_and(|found| found.is_some())
        {
            return Ok(());
        }
        let hash = credentials::hash(key.clone()).await?;
        sqlx::query!(
            "insert into api_key (workspace_id, hash) select workspace_id, $2 from workspace where public_id = $1",
            id.as_str(),
            hash,
        )
        .execute(&self.pool)
        .await?;
        self.credentials.forget(id).await;
        Ok(())
    }

    /// Whether there is any workspace at all.
    pub async fn has_workspace(&self) -> Result<bool> {
        let found = sqlx::query_scalar!(r#"select exists (select from workspace) as "found!""#);
        Ok(found.fetch_one(&self.pool).await?)
    }
}

fn random_workspace_id() -> WorkspaceId {
    let text = random_text(16);
    // Letters and digits cannot break the rules of a workspace id.
    WorkspaceId::new(text).unwrap_or_else(|_| unreachable!())
}

/// 43 letters and digits: 256 bits.
fn random_api_key() -> SecretString {
    SecretString::from(random_text(43))
}

fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}
