//! `POST /v1/coupon-list/{coupon_list_id}/allocations/batch` with `Content-Type: application/x-ndjson`: recipients come
//! line by line and are answered line by line as their codes are committed. Memory stays at a few groups: who does not
//! read the answers is not read from either.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};
use domain::Campaign;
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use storage::{AllocationRequest, GROUP_KEYS, ListRef};
use utoipa::IntoParams;

use super::{
    batch::{BadRecipient, Item, read_recipient},
    lines::{Line, lines},
    recipient,
    shown::served,
};
use crate::{
    App,
    error::ApiError,
    fields::Fields,
    page::{number, parameter},
    strict_json,
};

/// The most recipients of one request.
const MOST_LINES: usize = 1_000_000;
/// Groups under way at once: while one is being committed, the next is read and the one before it written.
const GROUPS: usize = 4;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what `Shared::read` reads, for the document")]
pub(super) struct StreamParameters {
    /// Of an `application/x-ndjson` body only, as all of these.
    #[param(minimum = 1, maximum = 604_800)]
    hold_seconds: Option<i64>,
    campaign_id: Option<String>,
    campaign_name: Option<String>,
    campaign_channel: Option<String>,
    campaign_delivery_type: Option<String>,
    campaign_sent_at: Option<String>,
    campaign_locale: Option<String>,
    campaign_variation: Option<String>,
}

/// What holds for all recipients of a request.
#[derive(Clone)]
struct Common {
    campaign: Option<Arc<Campaign>>,
    hold_seconds: Option<i32>,
}

pub(super) fn answer(
    app: web::Data<App>,
    list: Arc<ListRef>,
    query: &str,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let common = Common::read(query)?;
    let numbered = lines(payload)
        .enumerate()
        .map(|(number, line)| (number < MOST_LINES, line));
    // One line beyond the limit is answered, and nothing after it is read.
    let within = numbered.scan(true, |goes_on, (is_within, line)| {
        let answered = std::mem::replace(goes_on, is_within).then_some((is_within, line));
        std::future::ready(answered)
    });
    // Whatever has come is a group: a sender that waits for an answer before it goes on is not kept waiting.
    let answers = Box::pin(within)
        .ready_chunks(GROUP_KEYS)
        .map(move |group| {
            let (app, list, common) = (app.clone(), list.clone(), common.clone());
            async move { Ok::<_, actix_web::Error>(answer_group(&app, &list, &common, group).await) }
        })
        .buffered(GROUPS);
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .streaming(answers))
}

async fn answer_group(app: &App, list: &Arc<ListRef>, common: &Common, group: Vec<(bool, Line)>) -> Bytes {
    let recipients: Vec<Result<AllocationRequest, BadRecipient>> =
        group.into_iter().map(|line| common.recipient(line)).collect();
    let requests: Vec<AllocationRequest> = recipients.iter().flatten().cloned().collect();
    let outcomes = if requests.is_empty() {
        Ok(Vec::new())
    } else {
        app.allocator.allocate_lines(list, requests).await
    };
    // The status is out already: what happens to a group is told to each of its lines.
    let (mut outcomes, failure) = match outcomes {
        Ok(outcomes) => (outcomes.into_iter(), None),
        Err(error) => (Vec::new().into_iter(), Some(ApiError::from(error))),
    };
    let mut text = Vec::with_capacity(recipients.len() * 256);
    for recipient in recipients {
        let item = recipient.and_then(|request| {
            let user_id = Value::from(request.user_id.as_str());
            let outcome = outcomes
                .next()
                .ok_or_else(|| failure.clone().unwrap_or(ApiError::Unavailable));
            outcome
                .and_then(|outcome| served(list, request, outcome))
                .map_err(|error| BadRecipient { user_id, error })
        });
        // Texts under texts: there is nothing that JSON could not hold, and a Vec takes it.
        _ = serde_json::to_writer(&mut text, &Item::from(item));
        text.push(b'\n');
    }
    text.into()
}

impl Common {
    fn read(query: &str) -> Result<Self, ApiError> {
        let mut campaign = Map::new();
        for key in [
            "id",
            "name",
            "channel",
            "delivery_type",
            "sent_at",
            "locale",
            "variation",
        ] {
            if let Some(value) = parameter(query, &format!("campaign_{key}"))? {
                campaign.insert(key.to_owned(), value.into());
            }
        }
        let mut fields = Map::new();
        if !campaign.is_empty() {
            fields.insert("campaign".to_owned(), campaign.into());
        }
        if let Some(seconds) = number(query, "hold_seconds", i64::MIN..=i64::MAX)? {
            fields.insert("hold_seconds".to_owned(), seconds.into());
        }
        let mut fields = Fields::new(fields);
        Ok(Self {
            campaign: recipient::campaign(&mut fields)?.map(Arc::new),
            hold_seconds: recipient::hold_seconds(&mut fields)?,
        })
    }

    fn recipient(&self, (is_within, line): (bool, Line)) -> Result<AllocationRequest, BadRecipient> {
        let refused = |error| BadRecipient {
            user_id: Value::Null,
            error,
        };
        if !is_within {
            return Err(refused(ApiError::TooManyRecipients));
        }
        match line {
            Line::Text(text) => match strict_json::object(&text) {
                Some(object) => {
                    read_recipient(Value::Object(object), self.campaign.as_ref(), self.hold_seconds)
                }
                None => Err(refused(ApiError::NotJson)),
            },
            Line::TooLong => Err(refused(ApiError::LineTooLong)),
            Line::Broken => Err(refused(ApiError::TooSlow)),
        }
    }
}
