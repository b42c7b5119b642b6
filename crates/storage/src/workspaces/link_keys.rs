//! What a workspace's links are signed with: those of mailed reports, and the URLs of pull tokens.

use domain::{LinkKey, LinkSeal};

use crate::{ListRef, Result, Storage, Workspace};

impl Storage {
    /// By which links that were never made here are known without a statement; it never changes, so it is read once.
    pub async fn link_seal(&self) -> Result<&LinkSeal> {
        let read = async || {
            let seal = sqlx::query_scalar!("select link_seal from deployment");
            Ok(LinkSeal::from_bytes(seal.fetch_one(&self.keys).await?))
        };
        self.link_seal.get_or_try_init(read).await
    }

    /// What the links of the list's workspace are signed with.
    pub async fn link_key(&self, list: &ListRef) -> Result<LinkKey> {
        let key = sqlx::query_scalar!(
            "select w.link_key from coupon_list join workspace w using (workspace_id) where list_id = $1",
            list.list_id
        );
        let key = key.fetch_one(self.pool.of(list.workspace_id)).await?;
        Ok(LinkKey::new(self.link_seal().await?.clone(), key))
    }

    /// Makes another one: what was signed with the one before it opens nothing from the answer on.
    pub async fn rotate_link_key(&self, workspace: &Workspace) -> Result<()> {
        let fresh: [u8; 32] = rand::random();
        sqlx::query!(
            "update workspace set link_key = $2 where workspace_id = $1",
            workspace.workspace_id,
            &fresh,
        )
        .execute(self.pool.of(workspace.workspace_id))
        .await?;
        Ok(())
    }
}
