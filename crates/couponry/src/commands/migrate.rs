//! `couponry migrate`: for installations where only this step may change the schema.

use crate::{config::Settings, database::Database};

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let database = Database::join(settings).await?;
    let outcome = storage::migrate(&database.direct_url).await;
    database.close().await;
    outcome?;
    tracing::info!("the schema is up to date");
    Ok(())
}
