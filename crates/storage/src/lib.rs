//! PostgreSQL: the only crate that speaks SQL. One file per noun; every change of several statements is one PL/pgSQL
//! function (see `migrations/`), so that no client-side transaction exists that a dropped future could leave open.

mod allocations;
mod block;
mod connection;
mod copy;
mod credentials;
mod error;
mod files;
mod hand_backs;
mod jobs;
mod lists;
mod load;
mod migrations;
mod purge;
mod runs;
mod stock;
mod workspaces;

pub use allocations::{
    Allocation, AllocationOutcome, AllocationRequest, AllocationsUnavailable, Allocator, GROUP_KEYS, Shortage,
};
pub use block::Block;
pub use connection::{Settings, Storage};
pub use credentials::{ApiKey, AuthenticationError};
pub use error::Error;
pub use files::{AddFile, CouponFile, FileRef, NewFile, Progress, Stage};
pub use hand_backs::{Disabled, Released};
pub use jobs::{Claim, Job, JobKind, JobNews};
pub use lists::{Changed, CouponList, CreateList, ListChange, ListRef, NewList, UpdateList};
pub use load::{FileToLoad, LoadCounts, Published};
pub use migrations::{migrate, schema_fits};
pub use runs::Run;
pub use stock::Stock;
pub use workspaces::Workspace;

/// What every call of this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
