//! Who changed what, and when.

use jiff::Timestamp;

use crate::{Person, Result, Storage, Workspace};

/// A changing call that succeeded.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    pub id: i64,
    pub at: Timestamp,
    /// The API key's number; none asked for what was done from the command line.
    pub api_key_id: Option<i64>,
    pub api_key_label: Option<String>,
    /// The person's name, as it is now.
    pub person: Option<String>,
    pub action: String,
    pub list: Option<String>,
    pub list_name: Option<String>,
    pub object: Option<String>,
    /// What it was about, as it is called now: a file, a person or a key.
    pub object_name: Option<String>,
    /// Of a key that it was about: its role, and how many lists it sees (`None`: all).
    pub object_role: Option<String>,
    pub object_lists: Option<i32>,
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

    /// Notes what a person did about the own account, in each of the person's workspaces.
    pub async fn note_of_account(&self, person: &Person, action: &str) -> Result<()> {
        sqlx::query!(
            "insert into audit_entry (workspace_id, person_id, action)
             select workspace_id, person_id, $2 from membership where person_id = $1",
            person.person_id,
            action,
        )
        .execute(&self.pool)
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
            r#"select a.audit_id, a.at, a.api_key_id, k.label as "api_key_label?", p.name as "person?", a.action,
                      encode(a.list_id, 'hex') as list, c.name as "list_name?", a.object_id,
                      coalesce(
                          (select f.name from coupon_file f where f.list_id = c.list_id and f.public_id = o.id),
                          (select about.name from person about where about.public_id = o.id),
                          about_key.label) as object_name,
                      about_key.role as "object_role?", cardinality(about_key.lists) as object_lists
               from audit_entry a
               left join person p using (person_id)
               left join api_key k using (api_key_id)
               left join api_key about_key on about_key.workspace_id = a.workspace_id and a.action like 'key.%'
                    and about_key.api_key_id::text = a.object_id
               left join coupon_list c on c.public_id = a.list_id and c.workspace_id = a.workspace_id,
               decode(substring(a.object_id from '^[0-9a-f]{24}$'), 'hex') as o (id)
               where a.workspace_id = $1 and ($2::bigint is null or a.audit_id < $2)
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
                api_key_label: row.api_key_label,
                person: row.person,
                action: row.action,
                list: row.list,
                list_name: row.list_name,
                object: row.object_id,
                object_name: row.object_name,
                object_role: row.object_role,
                object_lists: row.object_lists,
            });
        Ok(entries.collect())
    }
}
