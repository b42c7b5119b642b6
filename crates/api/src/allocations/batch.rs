//! `POST /v1/coupon-list/{coupon_list_id}/allocations/batch`

use std::sync::Arc;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    web::{self, Bytes},
};
use serde::Serialize;
use serde_json::Value;
use storage::{AllocationOutcome, AllocationRequest, ListRef, Shortage};
use utoipa::ToSchema;

use super::{
    recipient::{self, BadRecipient, RecipientBody, recipient},
    shown::{Served, ShownAllocation, served},
    stream::{self, StreamParameters},
};
use crate::{
    App,
    body::{BATCH_BYTES, Body},
    error::{ApiError, Envelope, Told},
    fields::{Fields, Kind, body},
    openapi::{
        refusals::{Guarded, HandsOut, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

/// The most recipients of one batch.
const MAX_RECIPIENTS: usize = 10_000;

body! {
    /// Who gets codes, and for what.
    #[schema(examples(json!({
        "recipients": [{"user_id": "bob"}, {"user_id": "eve", "request_id": "r-2"}],
        "campaign": {"id": "c-12"}, "on_shortage": "partial",
    })))]
    pub(crate) struct AllocateCouponsBody {
        #[schema(min_items = 1, max_items = 10_000)]
        recipients: Vec<RecipientBody>,
        /// Of all recipients.
        campaign: Option<recipient::CampaignBody>,
        /// The same as `campaign.id`.
        campaign_id: Option<texts::ExternalId>,
        /// After how many seconds the codes go back by themselves, a week at most. They do not if absent.
        #[schema(minimum = 1, maximum = 604_800)]
        hold_seconds: Option<i64>,
        on_shortage: Option<OnShortage>,
    }
}

/// With fewer codes than recipients: serve as many as there are, as if absent, or none.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum OnShortage {
    Partial,
    Reject,
}

impl Kind for OnShortage {
    type Read = Self;

    fn read(value: &Bytes) -> Result<Self, String> {
        match String::read(value)?.as_str() {
            "partial" => Ok(Self::Partial),
            "reject" => Ok(Self::Reject),
            _ => Err("must be \"partial\" or \"reject\"".to_owned()),
        }
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/allocations/batch",
    operation_id = "allocateCoupons",
    tag = "Allocations",
    summary = "Hand out many codes",
    description = "A code for each recipient. One that cannot be served does not keep the others from it, unless \
        `on_shortage` is `reject`: then all are served or none.",
    params(ListPath, StreamParameters),
    request_body(content(
        (AllocateCouponsBody = "application/json"),
        (RecipientBody = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "What each recipient got.", content((Answer = "application/json"), (Item = "application/x-ndjson"))),
        (
            status = 400,
            description = "`invalid-request` or `missing-mandatory-attributes`.",
            body = Envelope,
        ),
        Guarded,
        NamesList,
        ReadsBody,
        HandsOut,
    ),
)]
pub(crate) async fn allocate_batch(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    if request
        .content_type()
        .trim()
        .eq_ignore_ascii_case("application/x-ndjson")
    {
        return stream::answer(&app, &list.0, &request, body.plain()?);
    }
    if !request.query_string().is_empty() {
        return Err(only_for_lines());
    }
    let Batch { recipients, shortage } = body.read(BATCH_BYTES, |fields| Batch::read(&fields)).await?;
    let requests: Vec<AllocationRequest> = recipients
        .iter()
        .filter_map(|recipient| recipient.as_ref().ok().cloned())
        .collect();
    if shortage == Shortage::Reject && requests.len() < recipients.len() {
        return Err(recipients
            .into_iter()
            .find_map(Result::err)
            .map_or(ApiError::BUSY, |bad| bad.error));
    }
    let outcomes = app.allocator.allocate(&list.0, requests, shortage).await?;
    refuse_if_all_paused(&outcomes)?;
    if shortage == Shortage::Reject {
        refuse_unless_all(&outcomes)?;
    }
    Ok(HttpResponse::Ok().json(Answer::new(&list.0, recipients, outcomes)))
}

fn only_for_lines() -> ApiError {
    let why = "Parameters are for Content-Type: application/x-ndjson; of a JSON body they are keys.";
    ApiError::Invalid(why.to_owned())
}

struct Batch {
    recipients: Vec<Result<AllocationRequest, BadRecipient>>,
    shortage: Shortage,
}

impl Batch {
    fn read(fields: &Fields) -> Result<Self, ApiError> {
        let asked: AllocateCouponsBody = fields.strict()?;
        let campaign = recipient::campaign(&asked.campaign, &asked.campaign_id)?.map(Arc::new);
        let hold_seconds = recipient::hold_seconds(&asked.hold_seconds)?;
        let shortage = match asked.on_shortage.get()? {
            None | Some(OnShortage::Partial) => Shortage::Partial,
            Some(OnShortage::Reject) => Shortage::Reject,
        };
        let items = asked.recipients.items(MAX_RECIPIENTS, "recipients")?;
        let read = |item| match Fields::read(item) {
            Some(fields) => recipient(&fields, campaign.as_ref(), hold_seconds),
            None => Err(BadRecipient {
                user_id: Value::Null,
                error: asked.recipients.wrong("must hold objects"),
            }),
        };
        Ok(Self {
            recipients: items.into_iter().map(read).collect(),
            shortage,
        })
    }
}

/// Where some have their codes already, these are answered, and the others hear of the pause one by one.
fn refuse_if_all_paused(outcomes: &[AllocationOutcome]) -> Result<(), ApiError> {
    let is_paused = |outcome: &AllocationOutcome| matches!(outcome, AllocationOutcome::Paused);
    if !outcomes.is_empty() && outcomes.iter().all(is_paused) {
        return Err(ApiError::AllocationPaused);
    }
    Ok(())
}

/// All or nothing: one recipient that cannot be served means that no code was taken for any. What is wrong with a key
/// comes first: the others are then refused for its sake.
fn refuse_unless_all(outcomes: &[AllocationOutcome]) -> Result<(), ApiError> {
    let is = |wanted: fn(&AllocationOutcome) -> bool| outcomes.iter().any(wanted);
    if is(|outcome| matches!(outcome, AllocationOutcome::Paused)) {
        Err(ApiError::AllocationPaused)
    } else if is(|outcome| matches!(outcome, AllocationOutcome::Conflict)) {
        Err(ApiError::RequestConflict)
    } else if is(|outcome| matches!(outcome, AllocationOutcome::Released)) {
        Err(ApiError::AllocationReleased)
    } else if is(|outcome| matches!(outcome, AllocationOutcome::ListNotActive)) {
        Err(ApiError::ListNotActive)
    } else if is(|outcome| matches!(outcome, AllocationOutcome::Exhausted)) {
        Err(ApiError::CouponsExhausted)
    } else {
        Ok(())
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = AllocationBatch)]
struct Answer {
    /// An item for each recipient, in their order.
    data: Vec<Item>,
    /// How many got a code now.
    allocated: usize,
    /// How many had theirs already.
    repeated: usize,
    failed: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AllocationBatchItem)]
#[serde(untagged)]
pub(super) enum Item {
    Served(ShownAllocation),
    /// `user_id` is what was sent as such; null if that was an array or an object, or longer than 1,024 bytes.
    Failed {
        user_id: Value,
        error: Told,
    },
}

impl Answer {
    fn new(
        list: &ListRef,
        recipients: Vec<Result<AllocationRequest, BadRecipient>>,
        outcomes: Vec<AllocationOutcome>,
    ) -> Self {
        let mut answer = Self {
            data: Vec::with_capacity(recipients.len()),
            allocated: 0,
            repeated: 0,
            failed: 0,
        };
        let mut outcomes = outcomes.into_iter();
        for recipient in recipients {
            let served = recipient.and_then(|request| {
                let user_id = Value::from(request.user_id.as_str());
                let outcome = outcomes.next().ok_or(ApiError::BUSY);
                outcome
                    .and_then(|outcome| served(list, request, outcome))
                    .map_err(|error| BadRecipient { user_id, error })
            });
            answer.add(served);
        }
        answer
    }

    fn add(&mut self, served: Result<Served, BadRecipient>) {
        *match served {
            Ok(Served::New(_)) => &mut self.allocated,
            Ok(Served::Repeat(_)) => &mut self.repeated,
            Err(_) => &mut self.failed,
        } += 1;
        self.data.push(served.into());
    }
}

impl From<Result<Served, BadRecipient>> for Item {
    fn from(served: Result<Served, BadRecipient>) -> Self {
        match served {
            Ok(Served::New(allocation) | Served::Repeat(allocation)) => Self::Served(allocation),
            Err(BadRecipient { user_id, error }) => Self::Failed {
                user_id,
                error: error.told(),
            },
        }
    }
}
