//! What an operator sees of the lineage, and says of it.

use domain::{ExternalId, PublicId, RequestKey};
use jiff::Timestamp;
use uuid::Uuid;

use super::PauseReason;
use crate::{Error, GROUP_KEYS, ListRef, Result, Storage, lists::fingerprint_key};

/// Whom codes are handed out to that may be out already.
pub(super) const NOBODY: &str = "couponry:set-aside";

/// Holds made to last by one statement.
const HOLDS_AT_ONCE: i32 = 2_000;

/// Where the data is now, and what speaks against it.
#[derive(Debug, Clone)]
pub struct Lineage {
    pub cluster: i64,
    pub timeline: i64,
    pub database: i64,
    pub relation: i64,
    /// Nothing if codes are handed out.
    pub paused: Option<PauseReason>,
    pub acknowledged_at: Option<Timestamp>,
}

impl Storage {
    /// What is seen now.
    pub async fn lineage(&self) -> Result<Lineage> {
        let row = sqlx::query!(
            r#"select cluster as "cluster!", timeline as "timeline!", database as "database!", relation as "relation!",
                      reason as "paused: PauseReason", acknowledged_at
               from look_at_lineage()"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Lineage {
            cluster: row.cluster,
            timeline: row.timeline,
            database: row.database,
            relation: row.relation,
            paused: row.paused,
            acknowledged_at: row.acknowledged_at.map(Into::into),
        })
    }

    /// From here on codes are handed out of this lineage. False if it is another one by now.
    pub async fn acknowledge(&self, lineage: &Lineage) -> Result<bool> {
        let acknowledged = sqlx::query_scalar!(
            r#"select acknowledge_lineage($1, $2, $3, $4) as "acknowledged!""#,
            lineage.cluster,
            lineage.timeline,
            lineage.database,
            lineage.relation,
        );
        Ok(acknowledged.fetch_one(&self.pool).await?)
    }

    /// Every list of every workspace that may hand out codes.
    pub async fn active_lists(&self) -> Result<Vec<ListRef>> {
        let rows = sqlx::query!(
            "select workspace_id, list_id, public_id, fingerprint_key from coupon_list
             where status = 'ACTIVE' and expires_at > now() order by list_id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let public_id = PublicId::try_from(row.public_id.as_slice());
                Ok(ListRef {
                    workspace_id: row.workspace_id,
                    list_id: row.list_id,
                    public_id: public_id
                        .map_err(|_| Error::Fault("a list's id cannot be read".to_owned()))?,
                    key: fingerprint_key(&row.fingerprint_key)?,
                })
            })
            .collect()
    }

    /// Makes the list's holds last: their confirmation may be among what was lost. Answers how many.
    pub async fn keep_holds(&self, list: &ListRef) -> Result<i64> {
        let mut kept = 0;
        loop {
            let some = sqlx::query_scalar!(
                r#"select keep_holds($1, $2) as "kept!""#,
                list.list_id,
                HOLDS_AT_ONCE
            );
            let some = some.fetch_one(&self.bulk).await?;
            kept += i64::from(some);
            if some < HOLDS_AT_ONCE {
                return Ok(kept);
            }
        }
    }

    /// Hands out the list's next codes to nobody, in the order in which they would have gone: what was handed out and is
    /// missing is among them, if that was not more. Answers how many there were.
    pub async fn set_aside(&self, list: &ListRef, codes: usize) -> Result<usize> {
        let nobody = ExternalId::new(NOBODY).map_err(|error| Error::Fault(error.to_string()))?;
        let mut left = codes;
        while left > 0 {
            let many = left.min(GROUP_KEYS);
            let requests: Vec<String> = (0..many)
                .map(|_| Uuid::from_bytes(rand::random()).to_string())
                .collect();
            let keys = requests.iter().map(|request| {
                let request = ExternalId::new(request).map_err(|error| Error::Fault(error.to_string()))?;
                let key = RequestKey::of(list.public_id, &nobody, Some(&request), None);
                Ok(Uuid::from_bytes(*key.as_bytes()))
            });
            let keys: Vec<Uuid> = keys.collect::<Result<_>>()?;
            let taken = sqlx::query_scalar!(
                r#"select cardinality(codes) as "taken!"
                   from allocate($1, array[$1::bigint], array[cardinality($2::uuid[])], $2, $3, $4, null, null, false, null)"#,
                list.list_id,
                &keys,
                &vec![NOBODY; many] as _,
                &requests,
            );
            let taken = taken.fetch_one(&self.bulk).await?;
            let taken = usize::try_from(taken).unwrap_or_default();
            left -= taken;
            if taken < many {
                break;
            }
        }
        Ok(codes - left)
    }
}
