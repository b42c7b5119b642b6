//! Looking through many lists: a statement for some hundred of them.

use domain::{ExternalId, RequestKey};
use uuid::Uuid;

use super::CodePlace;
use crate::{ListRef, Result, Storage, allocations::keys_of};

/// How many lists are looked through by one statement.
const LISTS_AT_ONCE: usize = 200;

impl Storage {
    /// Which of the lists, all of one workspace, have or had the code, and where.
    pub async fn find_code_in(&self, lists: &[ListRef], code: &str) -> Result<Vec<(ListRef, CodePlace)>> {
        let mut found = Vec::new();
        for some in lists.chunks(LISTS_AT_ONCE) {
            let ids: Vec<i64> = some.iter().map(|list| list.list_id).collect();
            let fingerprints = some.iter().map(|list| list.key.fingerprint(code.as_bytes()));
            let fingerprints: Vec<i64> = fingerprints.collect();
            let rows = sqlx::query!(
                r#"select n as "n!", file_id as "file_id!", ordinal as "ordinal!" from find_code_in_lists($1, $2, $3)"#,
                &ids,
                &fingerprints,
                code,
            );
            for row in rows.fetch_all(self.pool.of(workspace_of(some))).await? {
                let place = CodePlace {
                    file_id: row.file_id,
                    ordinal: row.ordinal,
                };
                found.extend(at(some, row.n).map(|list| (*list, place)));
            }
        }
        Ok(found)
    }

    /// Which of the lists, all of one workspace, gave a code to the user of this id, or for the request of this id.
    pub async fn lists_with(&self, lists: &[ListRef], id: &ExternalId) -> Result<Vec<ListRef>> {
        let mut found = Vec::new();
        for some in lists.chunks(LISTS_AT_ONCE) {
            let ids: Vec<i64> = some.iter().map(|list| list.list_id).collect();
            let (first, last): (Vec<Uuid>, Vec<Uuid>) =
                some.iter().map(|list| keys_of(list.public_id, id)).unzip();
            let requests = some.iter().map(|list| {
                let key = RequestKey::of(list.public_id, id, Some(id), None);
                Uuid::from_bytes(*key.as_bytes())
            });
            let requests: Vec<Uuid> = requests.collect();
            let places = sqlx::query_scalar!(
                r#"select n as "n!" from lists_with($1, $2, $3, $4, $5)"#,
                &ids,
                id.as_str(),
                &first,
                &last,
                &requests,
            );
            let places = places.fetch_all(self.pool.of(workspace_of(some))).await?;
            found.extend(places.into_iter().filter_map(|n| at(some, n).copied()));
        }
        Ok(found)
    }
}

fn workspace_of(lists: &[ListRef]) -> i64 {
    lists.first().map_or(0, |list| list.workspace_id)
}

/// The list at this place, from 1.
fn at(lists: &[ListRef], n: i32) -> Option<&ListRef> {
    lists.get(usize::try_from(n).ok()?.checked_sub(1)?)
}
