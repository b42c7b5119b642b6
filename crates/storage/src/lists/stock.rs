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
            r#"select s.total as "total!", s.available as "available!", s.held as "held!",
                      s.allocated as "allocated!", s.disabled as "disabled!", s.quarantined as "quarantined!"
               from coupon_list c, clock_timestamp() now,
                    stock(c.list_id, c.status = 'ACTIVE' and c.expires_at > now, now) s
               where c.list_id = $1"#,
            list.list_id,
        );
        Ok(stock.fetch_one(self.reading(list.workspace_id)).await?)
    }
}
