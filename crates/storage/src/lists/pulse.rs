//! What became of lists lately, for those who look at many of them at once.

use domain::PublicId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use crate::{Error, ListRef, Result, Storage, Workspace};

/// Hand-outs of a list, from instant to instant, and its newest file.
#[derive(Debug, Clone)]
pub struct Pulse {
    pub list: PublicId,
    /// One fewer than there were instants.
    pub handed_out: Vec<i64>,
    pub newest_file_at: Option<Timestamp>,
    /// Files that are still being loaded.
    pub loading: i64,
}

impl Storage {
    /// The pulse of these lists of the workspace, by one statement; `instants` ascend.
    pub async fn pulses(
        &self,
        workspace: &Workspace,
        lists: &[PublicId],
        instants: &[Timestamp],
    ) -> Result<Vec<Pulse>> {
        let ids: Vec<Vec<u8>> = lists.iter().map(|list| list.as_bytes().to_vec()).collect();
        let instants: Vec<_> = instants.iter().map(|instant| instant.to_sqlx()).collect();
        let rows = sqlx::query!(
            r#"select list as "list!", handed_out as "handed_out!", newest_file_at, loading as "loading!"
               from pulses($1, $2, $3)"#,
            workspace.workspace_id,
            &ids,
            &instants as _,
        );
        let mut pulses = Vec::new();
        for row in rows.fetch_all(self.pool.of(workspace.workspace_id)).await? {
            pulses.push(Pulse {
                list: PublicId::try_from(row.list.as_slice())
                    .map_err(|_| Error::Fault("a list's id cannot be read".to_owned()))?,
                handed_out: row.handed_out,
                newest_file_at: row.newest_file_at.map(Into::into),
                loading: row.loading,
            });
        }
        Ok(pulses)
    }

    /// Hand-outs of one list, from instant to instant.
    pub async fn hand_outs_between(&self, list: &ListRef, instants: &[Timestamp]) -> Result<Vec<i64>> {
        let instants: Vec<_> = instants.iter().map(|instant| instant.to_sqlx()).collect();
        let sums = sqlx::query_scalar!(
            r#"select hand_outs_between($1, $2) as "sums!""#,
            list.list_id,
            &instants as _
        );
        Ok(sums.fetch_one(self.pool.of(list.workspace_id)).await?)
    }
}
