//! Who changed what, and when.

use jiff::Timestamp;

use crate::{Result, Storage, Workspace};

/// A changing call that succeeded.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    pub id: i64,
    pub at: Timestamp,
    /// The API key's number; none asked for what was done from the command line.
    pub api_key_id: Option<i64>,
    /// The person's name, as it is now.
    pub person: Option<String>,
    pub action: String,
    pub list: Option<String>,
    pub object: Option<String>,
}

impl Storage {
    /// Notes a changing call. `list` and `object` are ids as they stand in paths.
    pub async fn note(
        &self,
        workspace: &Workspace,
        action: &str,
        list: Option<&str>,
        object: Option<&str>,
    ) -> Result<()> {
        sqlx::query!(
            "insert into audit_entry (workspace_id, api_key_id, person_id, action, list_id, object_id)
             values ($1, $2, $3, $4, decode($5, 'hex'), $6)",
            workspace.workspace_id,
            workspace.actor.api_key(),
            workspace.actor.person(),
            action,
            list,
            object,
        )
        .execute(self.pool.of(workspace.workspace_id))
        .await?;
        Ok(())
    }

    /// The workspace's entries before this one, the newest first.
    pub async fn audit_entries(
        &self,
        workspace: &Workspace,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>> {
        let rows = sqlx::query!(
            r#"select a.audit_id, a.at, a.api_key_id, p.name as "person?", a.action, encode(a.list_id, 'hex') as list,
                      a.object_id
               from audit_entry a left join person p using (person_id) where a.workspace_id = $1 and ($2::bigint is null or a.audit_id < $2)
               order by a.audit_id desc limit $3"#,
            workspace.workspace_id,
            before,
            limit,
        );
        let entries = rows
            .fetch_all(self.pool.of(workspace.workspace_id))
            .await?
            .into_iter()
            .map(|row| AuditEntry {
                id: row.audit_id,
                at: row.at.into(),
                api_key_id: row.api_key_id,
                person: row.person,
                action: row.action,
                list: row.list,
                object: row.object_id,
            });
        Ok(entries.collect())
    }
}
