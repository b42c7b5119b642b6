//! How many requests there may be at once that keep some memory for as long as their senders like.

use actix_web::{HttpRequest, web};
use domain::WorkspaceId;

use crate::{
    authentication::workspace_of,
    ceilings::{Ceiling, Taken},
    error::ApiError,
    metrics::count_refusal,
};

/// The most of each kind, of all workspaces and of one: each keeps a few megabytes.
const ALL: u32 = 64;
const OF_ONE: u32 = 16;

/// The most of answers that are made whole and wait for those who asked for them, in KiB.
const ANSWERS: u32 = 256 * 1024;
const ANSWERS_OF_ONE: u32 = 64 * 1024;

/// Those of all threads of the server.
#[derive(Debug)]
pub(crate) struct Streams {
    lines: Ceiling<WorkspaceId>,
    files: Ceiling<WorkspaceId>,
    answers: Ceiling<WorkspaceId>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            lines: Ceiling::new(ALL, OF_ONE),
            files: Ceiling::new(ALL, OF_ONE),
            answers: Ceiling::new(ANSWERS, ANSWERS_OF_ONE),
        }
    }
}

impl Streams {
    /// Of recipients that come line by line.
    pub(crate) fn place_for_lines(request: &HttpRequest) -> Result<Taken, ApiError> {
        let streams = Self::of(request)?;
        let workspace = workspace_of(request).ok_or(ApiError::BUSY)?;
        streams.lines.try_take(workspace, 1).ok_or(ApiError::BUSY)
    }

    /// Of a file that is sent by hand.
    pub(crate) fn place_for_file(request: &HttpRequest) -> Result<Taken, ApiError> {
        let streams = Self::of(request)?;
        let workspace = workspace_of(request).ok_or(ApiError::BUSY)?;
        streams.files.try_take(workspace, 1).ok_or(ApiError::BUSY)
    }

    /// For an answer of so many bytes, until it is out: a long one takes all the room of its workspace. What anybody may ask
    /// for is not made anew for who asks, and takes none.
    pub(crate) fn room_for_answer(request: &HttpRequest, bytes: u64) -> Result<Option<Taken>, ApiError> {
        let Some(workspace) = workspace_of(request) else {
            return Ok(None);
        };
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let kib = kib.min(ANSWERS_OF_ONE);
        let room = Self::of(request)?.answers.try_take(workspace, kib);
        if room.is_none() {
            count_refusal("answers");
        }
        room.map(Some).ok_or(ApiError::BUSY)
    }

    fn of(request: &HttpRequest) -> Result<&Self, ApiError> {
        let streams = request.app_data::<web::Data<Self>>();
        streams.map(web::Data::get_ref).ok_or(ApiError::BUSY)
    }
}
