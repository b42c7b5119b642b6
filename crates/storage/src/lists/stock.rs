//! What a list holds.

use crate::{ListRef, Result, Storage};

/// The codes of a list by state, from one snapshot: `total` is the sum of the rest. Redeemed codes are within
/// `allocated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    pub total: i64,
    pub available: i64,
    pub held: i64,
    pub allocated: i64,
    pub disabled: i64,
    pub quarantined: i64,
}

impl Storage {
    pub async fn stock(&self, list: &ListRef) -> Result<Stock> {
        let stock = sqlx::query_as!(
            Stock,
            r#"select total as "total!", available as "available!", held as "held!", allocated as "allocated!",
                      disabled as "disabled!", quarantined as "quarantined!"
               from stock_now($1)"#,
            list.list_id,
        );
        Ok(stock.fetch_one(self.reading(list.workspace_id)).await?)
    }
}
