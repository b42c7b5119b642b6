//! What a request says of the recipient, the campaign and the hold.

use std::sync::Arc;

use domain::{Campaign, ExternalId, FreeText, parse_instant};
use serde_json::Value;
use storage::AllocationRequest;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    fields::{Fields, wrong},
    openapi::texts,
    strict_json,
};

/// The most bytes of a `user_id` that was refused and is told again.
const MAX_SAID: usize = 1024;
/// The longest hold: a week, in seconds.
const MAX_HOLD_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A recipient that cannot be served; the others of a batch can.
pub(super) struct BadRecipient {
    pub(super) user_id: Value,
    pub(super) error: ApiError,
}

pub(super) fn recipient(
    fields: &Fields,
    campaign: Option<&Arc<Campaign>>,
    hold_seconds: Option<i32>,
) -> Result<AllocationRequest, BadRecipient> {
    let request = || {
        fields.only(&["user_id", "request_id", "campaign_id"])?;
        Ok(AllocationRequest {
            user_id: user_id(fields)?,
            request_id: request_id(fields)?,
            campaign: match campaign_id(fields)? {
                Some(id) if campaign.is_none_or(|common| common.id != id) => {
                    Some(Arc::new(Campaign::called(id)))
                }
                _ => campaign.cloned(),
            },
            hold_seconds,
        })
    };
    request().map_err(|error| BadRecipient {
        user_id: said(fields),
        error,
    })
}

/// What was said to be the user, if it is a text, a number or a truth value, and short: an answer says no more than it
/// has to.
fn said(fields: &Fields) -> Value {
    let short = fields.raw("user_id").filter(|value| value.len() <= MAX_SAID);
    let value = short.and_then(|value| strict_json::parsed::<Value>(&value));
    value
        .filter(|value| !value.is_array() && !value.is_object())
        .unwrap_or_default()
}

pub(super) fn user_id(fields: &Fields) -> Result<ExternalId, ApiError> {
    const KEY: &str = "user_id";
    fields
        .parsed(KEY, ExternalId::new)?
        .ok_or(ApiError::MissingKey(Some(KEY)))
}

pub(super) fn request_id(fields: &Fields) -> Result<Option<ExternalId>, ApiError> {
    fields.parsed("request_id", ExternalId::new)
}

pub(super) fn hold_seconds(fields: &Fields) -> Result<Option<i32>, ApiError> {
    const KEY: &str = "hold_seconds";
    let Some(seconds) = fields.integer(KEY)? else {
        return Ok(None);
    };
    let within = (1..=MAX_HOLD_SECONDS)
        .contains(&seconds)
        .then(|| i32::try_from(seconds).ok())
        .flatten();
    within.map(Some).ok_or_else(|| {
        wrong(
            KEY,
            format_args!("must be a whole number from 1 to {MAX_HOLD_SECONDS}"),
        )
    })
}

/// The message that a code goes into. All of it goes into the usage report as sent.
#[derive(ToSchema)]
#[schema(as = CampaignBody)]
#[expect(dead_code, reason = "what `campaign` reads, for the document")]
pub(super) struct CampaignBody {
    id: texts::ExternalId,
    name: Option<texts::FreeText>,
    #[schema(examples("Email"))]
    channel: Option<texts::FreeText>,
    #[schema(examples("Event Triggered"))]
    delivery_type: Option<texts::FreeText>,
    /// An instant with its offset.
    #[schema(format = DateTime, examples("2026-11-22T10:00:00Z"))]
    sent_at: Option<String>,
    locale: Option<texts::FreeText>,
    variation: Option<texts::FreeText>,
}

/// By its description, by its id alone, or by both if they agree.
pub(super) fn campaign(fields: &Fields) -> Result<Option<Campaign>, ApiError> {
    match (described(fields)?, campaign_id(fields)?) {
        (Some(campaign), Some(id)) if campaign.id != id => {
            Err(wrong("campaign_id", "must be the same as 'campaign.id'"))
        }
        (None, Some(id)) => Ok(Some(Campaign::called(id))),
        (campaign, _) => Ok(campaign),
    }
}

pub(super) fn campaign_id(fields: &Fields) -> Result<Option<ExternalId>, ApiError> {
    fields.parsed("campaign_id", ExternalId::new)
}

fn described(fields: &Fields) -> Result<Option<Campaign>, ApiError> {
    let Some(fields) = fields.object("campaign")? else {
        return Ok(None);
    };
    let keys = [
        "id",
        "name",
        "channel",
        "delivery_type",
        "sent_at",
        "locale",
        "variation",
    ];
    fields.only(&keys).map_err(within_campaign)?;
    let id = fields.parsed("id", ExternalId::new).map_err(within_campaign)?;
    let text = |key: &str| fields.parsed(key, FreeText::new).map_err(within_campaign);
    let (name, channel, delivery_type) = (text("name")?, text("channel")?, text("delivery_type")?);
    let (locale, variation) = (text("locale")?, text("variation")?);
    let sent_at = fields.text("sent_at").map_err(within_campaign)?;
    let instant =
        |text: String| parse_instant(&text).ok_or_else(|| wrong("campaign.sent_at", NOT_AN_INSTANT));
    Ok(Some(Campaign {
        id: id.ok_or(ApiError::MissingKey(Some("campaign.id")))?,
        name,
        channel,
        delivery_type,
        sent_at: sent_at.map(instant).transpose()?,
        locale,
        variation,
    }))
}

const NOT_AN_INSTANT: &str = "must be an instant like 2026-11-22T10:00:00Z";

/// Names the field by its whole path.
fn within_campaign(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid(why) => ApiError::Invalid(why.replacen('\'', "'campaign.", 1)),
        other => other,
    }
}
