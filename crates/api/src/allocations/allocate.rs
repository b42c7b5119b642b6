//! `POST /v1/coupon-list/{coupon_list_id}/allocations`

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use storage::{AllocationRequest, Shortage};

use super::{
    recipient,
    shown::{Served, served},
};
use crate::{
    App,
    body::{Body, CONTRACT_BYTES},
    error::ApiError,
    path::List,
};

pub(crate) async fn allocate(app: web::Data<App>, list: List, body: Body) -> Result<HttpResponse, ApiError> {
    let mut fields = body.object(CONTRACT_BYTES).await?;
    let request = AllocationRequest {
        user_id: recipient::user_id(&mut fields)?,
        request_id: recipient::request_id(&mut fields)?,
        campaign: recipient::campaign(&mut fields)?.map(Arc::new),
        hold_seconds: recipient::hold_seconds(&mut fields)?,
    };
    let outcomes = app
        .allocator
        .allocate(&list.0, vec![request.clone()], Shortage::Partial)
        .await?;
    let outcome = outcomes.into_iter().next().ok_or(ApiError::Unavailable)?;
    match served(&list.0, request, outcome)? {
        Served::New(allocation) => Ok(HttpResponse::Created().json(allocation)),
        Served::Repeat(allocation) => Ok(HttpResponse::Ok().json(allocation)),
    }
}
