//! What a request says of the recipient, the campaign and the hold.

use std::sync::Arc;

use domain::{Campaign, parse_instant};
use serde_json::Value;
use storage::AllocationRequest;

use crate::{
    error::ApiError,
    fields::{Field, Fields, body, wrong},
    openapi::texts,
};

/// The most bytes of a `user_id` that was refused and is told again.
const MAX_SAID: usize = 1024;
/// The longest hold: a week, in seconds.
const MAX_HOLD_SECONDS: i64 = 7 * 24 * 60 * 60;

body! {
    /// Who gets a code.
    #[expect(clippy::struct_field_names, reason = "the names of the wire")]
    pub(super) struct RecipientBody {
        user_id: texts::ExternalId,
        /// The request key; if absent, campaign and user are, or the user.
        request_id: Option<texts::ExternalId>,
        /// If it is another one than the others'.
        campaign_id: Option<texts::ExternalId>,
    }
}

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
        let body: RecipientBody = fields.strict()?;
        Ok(AllocationRequest {
            user_id: body.user_id.get()?,
            request_id: body.request_id.get()?,
            campaign: match body.campaign_id.get()? {
                Some(id) if campaign.is_none_or(|common| common.id != id) => {
                    Some(Arc::new(Campaign::called(id)))
                }
                _ => campaign.cloned(),
            },
            hold_seconds,
        })
    };
    request().map_err(|error| BadRecipient {
        user_id: said(&fields.lenient()),
        error,
    })
}

/// What was said to be the user, if it is a text, a number or a truth value, and short: an answer says no more than it
/// has to.
fn said(body: &RecipientBody) -> Value {
    let text = body.user_id.text();
    text.filter(|text| text.len() <= MAX_SAID)
        .and_then(|_| body.user_id.value())
        .filter(|value| !value.is_array() && !value.is_object())
        .unwrap_or_default()
}

pub(super) fn hold_seconds(field: &Field<Option<i64>>) -> Result<Option<i32>, ApiError> {
    field.get()?.map(hold).transpose()
}

/// A hold of so many seconds.
pub(super) fn hold(seconds: i64) -> Result<i32, ApiError> {
    let within = (1..=MAX_HOLD_SECONDS)
        .contains(&seconds)
        .then(|| i32::try_from(seconds).ok())
        .flatten();
    within.ok_or_else(|| {
        wrong(
            "hold_seconds",
            format_args!("must be a whole number from 1 to {MAX_HOLD_SECONDS}"),
        )
    })
}

body! {
    /// The message that a code goes into. All of it goes into the usage report as sent.
    #[schema(as = CampaignBody)]
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
}

/// By its description, by its id alone, or by both if they agree.
pub(super) fn campaign(
    description: &Field<Option<CampaignBody>>,
    id: &Field<Option<texts::ExternalId>>,
) -> Result<Option<Campaign>, ApiError> {
    let described = description.get()?.map(|fields| described(&fields)).transpose()?;
    match (described, id.get()?) {
        (Some(campaign), Some(same)) if campaign.id != same => {
            Err(id.wrong("must be the same as 'campaign.id'"))
        }
        (None, Some(id)) => Ok(Some(Campaign::called(id))),
        (campaign, _) => Ok(campaign),
    }
}

/// The campaign of these fields, which are those of `campaign`.
pub(super) fn described(fields: &Fields) -> Result<Campaign, ApiError> {
    campaign_of(fields).map_err(within_campaign)
}

fn campaign_of(fields: &Fields) -> Result<Campaign, ApiError> {
    let body: CampaignBody = fields.strict()?;
    let id = body.id.if_there()?;
    let (name, channel, delivery_type) = (body.name.get()?, body.channel.get()?, body.delivery_type.get()?);
    let (locale, variation) = (body.locale.get()?, body.variation.get()?);
    let sent_at = body.sent_at.get()?;
    let instant = |text: String| parse_instant(&text).ok_or_else(|| body.sent_at.wrong(NOT_AN_INSTANT));
    Ok(Campaign {
        id: id.ok_or(ApiError::MissingKey(Some("campaign.id")))?,
        name,
        channel,
        delivery_type,
        sent_at: sent_at.map(instant).transpose()?,
        locale,
        variation,
    })
}

pub(crate) const NOT_AN_INSTANT: &str = "must be an instant like 2026-11-22T10:00:00Z";

/// Names the field by its whole path.
fn within_campaign(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid(why) => ApiError::Invalid(why.replacen('\'', "'campaign.", 1)),
        other => other,
    }
}
