//! `POST /v1/coupon-list/{coupon_list_id}/allocations`

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use storage::{AllocationRequest, Shortage};

use super::{
    recipient,
    shown::{Served, ShownAllocation, served},
};
use crate::{
    App,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::body,
    openapi::{
        refusals::{Guarded, HandsOut, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

body! {
    /// Who gets a code, and for what.
    #[schema(examples(json!({
        "user_id": "u-81", "request_id": "msg-7f3", "hold_seconds": 600,
        "campaign": {"id": "c-12", "name": "Spring", "channel": "Email"},
    })))]
    pub(crate) struct AllocateCouponBody {
        user_id: texts::ExternalId,
        /// The request key: each has one code for the life of the list. If absent, campaign and user are the key; without a
        /// campaign, the user.
        request_id: Option<texts::ExternalId>,
        campaign: Option<recipient::CampaignBody>,
        /// The same as `campaign.id`.
        campaign_id: Option<texts::ExternalId>,
        /// After how many seconds the code goes back by itself, a week at most. It does not if absent.
        #[schema(minimum = 1, maximum = 604_800)]
        hold_seconds: Option<i64>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/allocations",
    operation_id = "allocateCoupon",
    tag = "Allocations",
    summary = "Hand out a code",
    description = "Takes a code from the list. The same request key gets the same code again, so a retry is safe at \
        any time and from anywhere.",
    params(ListPath),
    request_body = AllocateCouponBody,
    responses(
        (status = 201, description = "A code, taken now.", body = ShownAllocation),
        (status = 200, description = "The code that this request key has already.", body = ShownAllocation),
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
pub(crate) async fn allocate(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let fields = body.object(BODY_BYTES).await?;
    let asked: AllocateCouponBody = fields.strict()?;
    let request = AllocationRequest {
        user_id: asked.user_id.get()?,
        request_id: asked.request_id.get()?,
        campaign: recipient::campaign(&asked.campaign, &asked.campaign_id)?.map(Arc::new),
        hold_seconds: recipient::hold_seconds(&asked.hold_seconds)?,
    };
    let outcomes = app
        .allocator
        .allocate(&list.0, vec![request.clone()], Shortage::Partial)
        .await?;
    let outcome = outcomes.into_iter().next().ok_or(ApiError::BUSY)?;
    match served(&list.0, request, outcome)? {
        Served::New(allocation) => Ok(HttpResponse::Created().json(allocation)),
        Served::Repeat(allocation) => Ok(HttpResponse::Ok().json(allocation)),
    }
}
