//! The campaigns that the ledger points at.

use std::collections::BTreeMap;

use domain::{Campaign, FreeText};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Shared, group::Group};

/// Makes sure that the campaigns the ledger will point at are there.
pub(super) async fn add_campaigns(shared: &Shared, groups: &[Group], deadline: Instant) -> sqlx::Result<()> {
    // In order, so that two calls that insert the same ones do not wait for each other in a circle.
    let mut unknown: BTreeMap<(i64, Uuid), &Campaign> = BTreeMap::new();
    for group in groups {
        let mut last = None;
        for campaign in group.requests().filter_map(|request| request.campaign.as_deref()) {
            let key = campaign.key();
            // A batch names one campaign for all its recipients.
            if last != Some(key) && !shared.campaigns.contains_key(&(group.list.list_id, key)) {
                unknown.insert((group.list.list_id, campaign_key(campaign)), campaign);
            }
            last = Some(key);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let (lists, keys): (Vec<i64>, Vec<Uuid>) = unknown.keys().copied().unzip();
    let campaigns = || unknown.values();
    let texts = |of: fn(&Campaign) -> Option<&FreeText>| -> Vec<Option<&str>> {
        campaigns()
            .map(|campaign| of(campaign).map(FreeText::as_str))
            .collect()
    };
    let ids: Vec<&str> = campaigns().map(|campaign| campaign.id.as_str()).collect();
    sqlx::query!(
        "insert into campaign (list_id, campaign_key, id, name, channel, delivery_type, locale, variation)
         select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                              $8::text[])
         on conflict do nothing",
        &lists,
        &keys,
        &ids as _,
        &texts(|campaign| campaign.name.as_ref()) as _,
        &texts(|campaign| campaign.channel.as_ref()) as _,
        &texts(|campaign| campaign.delivery_type.as_ref()) as _,
        &texts(|campaign| campaign.locale.as_ref()) as _,
        &texts(|campaign| campaign.variation.as_ref()) as _,
    )
    .execute(shared.pool.until(deadline))
    .await?;
    for ((list_id, _), campaign) in unknown {
        shared.campaigns.insert((list_id, campaign.key()), ()).await;
    }
    Ok(())
}

pub(super) fn campaign_key(campaign: &Campaign) -> Uuid {
    Uuid::from_bytes(*campaign.key().as_bytes())
}
