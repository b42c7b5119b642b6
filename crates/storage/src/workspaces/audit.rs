//! Who changed what, and when.

use std::collections::HashMap;

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
                      encode(a.list_id, 'hex') as list, c.list_id as "in_list?",
                      c.name as "list_name?", a.object_id, o.id as object,
                      coalesce(
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
        let rows = rows.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        let (lists, files): (Vec<i64>, Vec<Vec<u8>>) = rows
            .iter()
            .filter_map(|row| Some((row.in_list?, row.object.clone()?)))
            .unzip();
        let names = self.names_of_files(workspace, &lists, &files).await?;
        let name_of_file = |list: Option<i64>, file: Option<Vec<u8>>| names.get(&(list?, file?)).cloned();
        let entries = rows.into_iter().map(|row| AuditEntry {
            id: row.audit_id,
            at: row.at.into(),
            api_key_id: row.api_key_id,
            api_key_label: row.api_key_label,
            person: row.person,
            action: row.action,
            list: row.list,
            list_name: row.list_name,
            object: row.object_id,
            object_name: row.object_name.or_else(|| name_of_file(row.in_list, row.object)),
            object_role: row.object_role,
            object_lists: row.object_lists,
        });
        Ok(entries.collect())
    }

    /// A statement of its own: where files are on other machines, one that asks for both is refused.
    async fn names_of_files(
        &self,
        workspace: &Workspace,
        lists: &[i64],
        files: &[Vec<u8>],
    ) -> Result<HashMap<(i64, Vec<u8>), String>> {
        if lists.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query!(
            "select list_id, public_id, name from coupon_file where list_id = any ($1) and public_id = any ($2)",
            lists,
            files,
        );
        let rows = rows.fetch_all(self.pool.of(workspace.workspace_id)).await?;
        Ok(rows
            .into_iter()
            .map(|row| ((row.list_id, row.public_id), row.name))
            .collect())
    }
}
