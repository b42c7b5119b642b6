//! Giving codes back, and taking single ones out of use.

use domain::Position;

use crate::{Error, ListRef, Result, Storage};

/// What became of a hand-out that was to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It is back in the pool, by this call or before.
    Released,
    /// It was redeemed and stays.
    Redeemed,
    /// There is no such hand-out.
    Unknown,
}

/// What became of a code that was to be disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disabled {
    /// It will never be handed out (again).
    Disabled,
    /// Someone has it.
    HandedOut,
    /// The list has no code there.
    Absent,
}

impl Storage {
    /// Gives hand-outs back to the pool, each answered at its index. Idempotent.
    pub async fn release(&self, list: &ListRef, positions: &[Position]) -> Result<Vec<Released>> {
        let rows = sqlx::query!(
            r#"select outcome as "outcome!" from release($1, $2, $3, $4) order by n"#,
            list.list_id,
            &positions
                .iter()
                .map(|position| position.file_id)
                .collect::<Vec<_>>(),
            &positions
                .iter()
                .map(|position| position.ordinal)
                .collect::<Vec<_>>(),
            &positions.iter().map(|position| position.turn).collect::<Vec<_>>(),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| match row.outcome.as_str() {
                "released" => Ok(Released::Released),
                "redeemed" => Ok(Released::Redeemed),
                "unknown" => Ok(Released::Unknown),
                other => Err(Error::Fault(format!("release answered {other}"))),
            })
            .collect()
    }

    /// Makes sure that the code at this place, which nobody has, is never handed out. Idempotent.
    pub async fn disable(&self, list: &ListRef, file_id: i64, ordinal: i64, code: &str) -> Result<Disabled> {
        let outcome = sqlx::query_scalar!(
            r#"select disable($1, $2, $3, $4) as "outcome!""#,
            list.list_id,
            file_id,
            ordinal,
            code
        );
        match outcome.fetch_one(&self.pool).await?.as_str() {
            "disabled" => Ok(Disabled::Disabled),
            "handed-out" => Ok(Disabled::HandedOut),
            "absent" => Ok(Disabled::Absent),
            other => Err(Error::Fault(format!("disable answered {other}"))),
        }
    }
}
