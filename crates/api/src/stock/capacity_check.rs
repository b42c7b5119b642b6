//! `POST /v1/capacity-check`

use actix_web::{HttpResponse, web};
use domain::PublicId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    authentication::Workspace,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::{Fields, body},
    openapi::{
        refusals::{Guarded, ReadsBody},
        texts,
    },
};

/// The most lists of one check.
const MAX_PLANS: usize = 100;

body! {
    /// How many codes are planned from which lists.
    #[schema(examples(json!({"plans": [{"coupon_list_id": "6721d00eefc476c0f67e0d05", "planned": 50000}]})))]
    struct CapacityCheckBody {
        #[schema(min_items = 1, max_items = 100)]
        plans: Vec<PlanBody>,
    }
}

body! {
    struct PlanBody {
        coupon_list_id: texts::Id,
        #[schema(minimum = 0, maximum = 100_000_000)]
        planned: i64,
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = CapacityCheck)]
struct Checked {
    /// Whether every plan fits.
    fits: bool,
    data: Vec<CheckedPlan>,
}

/// A list that is named twice has to have enough for both.
#[derive(Serialize, ToSchema)]
struct CheckedPlan {
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    planned: i64,
    /// What is left for this plan. Held codes are not: they may come back, or not.
    available: i64,
    held: i64,
    fits: bool,
    /// How many codes are missing.
    short_by: i64,
}

#[utoipa::path(
    post,
    path = "/v1/capacity-check",
    operation_id = "checkCapacity",
    tag = "Stock",
    summary = "Whether planned sends fit",
    description = "Takes nothing: what fits now may be gone when it is sent.",
    request_body = CapacityCheckBody,
    responses(
        (status = 200, description = "Plan by plan, in order.", body = Checked),
        (status = 400, description = "`invalid-request` or `missing-mandatory-attributes`.", body = Envelope),
        (status = 404, description = "`coupon-list-not-found`: one of the lists.", body = Envelope),
        Guarded,
        ReadsBody,
    ),
)]
pub(crate) async fn check_capacity(
    app: web::Data<App>,
    workspace: Workspace,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let plans = plans(&body.object(BODY_BYTES).await?)?;
    let mut data: Vec<CheckedPlan> = Vec::with_capacity(plans.len());
    for (id, planned) in plans {
        let list = app.storage.find_list(&workspace.0, id).await?;
        let stock = app.storage.stock(&*list.ok_or(ApiError::ListNotFound)?).await?;
        let coupon_list_id = id.to_string();
        let earlier = data.iter().filter(|plan| plan.coupon_list_id == coupon_list_id);
        let spoken_for: i64 = earlier.map(|plan| plan.planned).sum();
        let available = (stock.available - spoken_for).max(0);
        data.push(CheckedPlan {
            coupon_list_id,
            planned,
            available,
            held: stock.held,
            fits: planned <= available,
            short_by: (planned - available).max(0),
        });
    }
    Ok(HttpResponse::Ok().json(Checked {
        fits: data.iter().all(|plan| plan.fits),
        data,
    }))
}

fn plans(fields: &Fields) -> Result<Vec<(PublicId, i64)>, ApiError> {
    let CapacityCheckBody { plans } = fields.strict()?;
    let items = plans.items(MAX_PLANS, "plans")?;
    items
        .into_iter()
        .map(|item| {
            let fields = Fields::read(item).ok_or_else(|| plans.wrong("must hold objects"))?;
            plan(&fields.strict()?)
        })
        .collect()
}

fn plan(plan: &PlanBody) -> Result<(PublicId, i64), ApiError> {
    let id = plan.coupon_list_id.get()?;
    let planned = plan.planned.get()?;
    if !(0..=domain::LIST_CODES).contains(&planned) {
        return Err(plan.planned.wrong("must be a whole number from 0 to 100000000"));
    }
    Ok((id.parse().map_err(|_| ApiError::ListNotFound)?, planned))
}
