//! What confirming and releasing have in common: ids in, hand-outs as they now stand out.

use actix_web::{HttpRequest, web::Bytes};
use domain::{AllocationId, Position};
use serde::Serialize;
use storage::{ListRef, Recorded};
use utoipa::ToSchema;

use super::shown::ShownAllocation;
use crate::{
    App,
    error::{ApiError, Told},
    fields::{Fields, Kind as _, body},
};

/// The most hand-outs of one call.
const MAX_IDS: usize = 10_000;

body! {
    /// Which hand-outs.
    #[schema(as = AllocationIdsBody, examples(json!({
        "allocation_ids": ["00000000000000070000002a00000000c3a1f0925be7764d"]
    })))]
    pub(crate) struct IdsBody {
        #[schema(min_items = 1, max_items = 10_000)]
        allocation_ids: Vec<String>,
    }
}

/// One item for each id, in order.
#[derive(Serialize, ToSchema)]
#[schema(as = SettledAllocations)]
pub(super) struct Settled {
    data: Vec<Item>,
    #[schema(minimum = 0)]
    done: usize,
    #[schema(minimum = 0)]
    failed: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = SettledAllocation)]
enum Item {
    Done(Box<ShownAllocation>),
    Failed { _id: String, error: Told },
}

/// The position that the path's allocation id names.
pub(super) fn position(request: &HttpRequest, list: &ListRef) -> Result<Position, ApiError> {
    let id = request.match_info().get("allocation_id").unwrap_or_default();
    AllocationId::decode(id, list.key).ok_or(ApiError::NotFound)
}

/// The ids of the body.
pub(super) fn ids(fields: &Fields) -> Result<Vec<String>, ApiError> {
    let IdsBody {
        allocation_ids: field,
    } = fields.strict()?;
    let id = |item: Bytes| String::read(&item).map_err(|_| field.wrong("must hold strings"));
    field.items(MAX_IDS, "ids")?.into_iter().map(id).collect()
}

/// Settles those ids that are ids of this list, and shows each as it then stands.
pub(super) async fn settle(
    app: &App,
    list: &ListRef,
    ids: Vec<String>,
    settle: impl AsyncFnOnce(&[Position]) -> storage::Result<Vec<Result<(), ApiError>>>,
) -> Result<Settled, ApiError> {
    let places: Vec<Option<Position>> = ids.iter().map(|id| AllocationId::decode(id, list.key)).collect();
    let positions: Vec<Position> = places.iter().copied().flatten().collect();
    let outcomes = settle(&positions).await?;
    let stand = app.storage.recorded(list, &positions).await?;
    let mut known = outcomes.into_iter().zip(stand);
    let mut settled = Settled {
        data: Vec::with_capacity(ids.len()),
        done: 0,
        failed: 0,
    };
    for (id, place) in ids.into_iter().zip(places) {
        let item = match place.and_then(|_| known.next()) {
            Some((Ok(()), Some(recorded))) => Ok(recorded),
            Some((Err(error), _)) => Err(error),
            _ => Err(ApiError::NotFound),
        };
        settled.add(list, id, item);
    }
    Ok(settled)
}

impl Settled {
    fn add(&mut self, list: &ListRef, id: String, item: Result<Recorded, ApiError>) {
        self.data.push(match item {
            Ok(recorded) => {
                self.done += 1;
                Item::Done(Box::new(ShownAllocation::recorded(list, recorded)))
            }
            Err(error) => {
                self.failed += 1;
                Item::Failed {
                    _id: id,
                    error: error.told(),
                }
            }
        });
    }
}

/// One hand-out as it now stands.
pub(super) async fn shown(
    app: &App,
    list: &ListRef,
    position: Position,
) -> Result<ShownAllocation, ApiError> {
    let recorded = app.storage.recorded(list, &[position]).await?.pop().flatten();
    recorded
        .map(|recorded| ShownAllocation::recorded(list, recorded))
        .ok_or(ApiError::NotFound)
}
