//! What was handed out and is missing, written back from a journal that was kept elsewhere.

use std::collections::BTreeMap;

use domain::{Campaign, ExternalId, PublicId, RequestKey};
use uuid::Uuid;

use super::acknowledge::NOBODY;
use crate::{CodePlace, Error, ListRef, Result, Storage, lists::fingerprint_key};

/// A line of a journal: who got which code.
#[derive(Debug, Clone)]
pub struct JournalEntry {
    pub line: u64,
    pub code: String,
    pub user_id: ExternalId,
    pub request_id: Option<ExternalId>,
    pub campaign_id: Option<ExternalId>,
}

/// What became of a list's entries.
#[derive(Debug, Clone, Default)]
pub struct NotedEntries {
    /// Are handed out now as the journal says.
    pub noted: u64,
    /// Were so before.
    pub known: u64,
    /// Codes before and between them, which went to nobody.
    pub set_aside: i64,
    /// Lines whose code the list does not have, or somebody else has, or whose key has another code.
    pub contradicted: Vec<u64>,
}

impl Storage {
    /// The list of this name, of whatever workspace.
    pub async fn list_of_journal(&self, id: PublicId) -> Result<Option<ListRef>> {
        let row = sqlx::query!(
            "select workspace_id, list_id, fingerprint_key from coupon_list where public_id = $1",
            id.as_bytes(),
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(ListRef {
                workspace_id: row.workspace_id,
                list_id: row.list_id,
                public_id: id,
                key: fingerprint_key(&row.fingerprint_key)?,
            })
        })
        .transpose()
    }

    /// Writes down that these codes of the list were handed out.
    pub async fn note_journal(&self, list: &ListRef, entries: &[JournalEntry]) -> Result<NotedEntries> {
        let mut files: BTreeMap<i64, BTreeMap<i64, &JournalEntry>> = BTreeMap::new();
        let mut noted = NotedEntries::default();
        for entry in entries {
            let place = self.find_code(list, &entry.code).await?;
            let Some(CodePlace { file_id, ordinal }) = place else {
                noted.contradicted.push(entry.line);
                continue;
            };
            // Given back and handed out again, all of it lost: the last one has it.
            files.entry(file_id).or_default().insert(ordinal, entry);
        }
        self.add_campaigns_of(list, entries).await?;
        for (file_id, of_file) in files {
            self.note_file(list, file_id, &of_file, &mut noted).await?;
        }
        noted.contradicted.sort_unstable();
        Ok(noted)
    }

    async fn add_campaigns_of(&self, list: &ListRef, entries: &[JournalEntry]) -> Result<()> {
        let ids = entries.iter().filter_map(|entry| entry.campaign_id.as_ref());
        let campaigns: BTreeMap<Uuid, &str> = ids.map(|id| (campaign_key(id), id.as_str())).collect();
        let (keys, ids): (Vec<Uuid>, Vec<&str>) = campaigns.into_iter().unzip();
        sqlx::query!(
            "insert into campaign (list_id, campaign_key, id)
             select $1, key, id from unnest($2::uuid[], $3::text[]) campaign (key, id) on conflict do nothing",
            list.list_id,
            &keys,
            &ids as _,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn note_file(
        &self,
        list: &ListRef,
        file_id: i64,
        entries: &BTreeMap<i64, &JournalEntry>,
        noted: &mut NotedEntries,
    ) -> Result<()> {
        let ordinals: Vec<i64> = entries.keys().copied().collect();
        let keys = entries.values().map(|entry| {
            let (request, campaign) = (entry.request_id.as_ref(), entry.campaign_id.as_ref());
            let key = RequestKey::of(list.public_id, &entry.user_id, request, campaign);
            Uuid::from_bytes(*key.as_bytes())
        });
        let keys: Vec<Uuid> = keys.collect();
        let users: Vec<&str> = entries.values().map(|entry| entry.user_id.as_str()).collect();
        let texts = |of: fn(&JournalEntry) -> Option<&str>| -> Vec<Option<&str>> {
            entries.values().map(|entry| of(entry)).collect()
        };
        let requests = texts(|entry| entry.request_id.as_ref().map(ExternalId::as_str));
        let campaigns: Vec<Option<Uuid>> = entries
            .values()
            .map(|entry| entry.campaign_id.as_ref().map(campaign_key))
            .collect();
        let rows = sqlx::query!(
            "select place, is_new, passed from note_allocated($1, $2, $3, $4, $5, $6, $7, $8)",
            list.list_id,
            file_id,
            &ordinals,
            &keys,
            &users as _,
            &requests as _,
            &campaigns as _,
            NOBODY,
        )
        .fetch_all(&self.bulk)
        .await?;
        let mut contradicted: BTreeMap<usize, u64> =
            entries.values().map(|entry| entry.line).enumerate().collect();
        let mut is_whole = false;
        for row in rows {
            if let Some(passed) = row.passed {
                noted.set_aside += passed;
                is_whole = true;
            }
            let place = row
                .place
                .and_then(|place| usize::try_from(place).ok()?.checked_sub(1));
            if let Some(place) = place {
                contradicted.remove(&place);
                *(if row.is_new == Some(true) {
                    &mut noted.noted
                } else {
                    &mut noted.known
                }) += 1;
            }
        }
        if !is_whole {
            return Err(Error::Fault(
                "what was noted of a journal cannot be read".to_owned(),
            ));
        }
        noted.contradicted.extend(contradicted.into_values());
        Ok(())
    }
}

fn campaign_key(id: &ExternalId) -> Uuid {
    Uuid::from_bytes(*Campaign::called(id.clone()).key().as_bytes())
}
