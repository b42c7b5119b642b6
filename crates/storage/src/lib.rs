//! PostgreSQL: the only crate that speaks SQL. One file per noun; every change of several statements is one PL/pgSQL
//! function (see `migrations/`), so that no client-side transaction exists that a dropped future could leave open.

mod allocations;
mod api_keys;
mod audit;
mod block;
mod callbacks;
mod codes;
mod connection;
mod copy;
mod credentials;
mod error;
mod export;
mod fetches;
mod files;
mod forecast;
mod hand_backs;
mod jobs;
mod ledger;
mod link_keys;
mod lists;
mod load;
mod mails;
mod migrations;
mod news;
mod pool;
mod pull_tokens;
mod purge;
mod rate_limits;
mod rescue;
mod retention;
mod runs;
mod spools;
mod stock;
mod uploads;
mod usage_reports;
mod usage_rows;
mod watches;
mod workspaces;

pub use allocations::{
    Allocation, AllocationOutcome, AllocationRequest, AllocationsUnavailable, Allocator, GROUP_KEYS, Shortage,
};
pub use api_keys::{
    ConfigureKey, CreateKey, KeyOwner, KeyStatus, MOST_KEYS, RevokeKey, RotateKey, StoredApiKey,
};
pub use audit::AuditEntry;
pub use block::Block;
pub use callbacks::{Callback, CallbackToMake};
pub use codes::{CodePlace, CodeStatus, Disabled, HistoryEntry, Passport, Redeemed, Redemption};
pub use connection::{Settings, Storage};
pub use credentials::{ApiKey, AuthenticationError, KeyMemory};
pub use error::Error;
pub use export::Export;
pub use fetches::{FetchedFile, FileToFetch};
pub use files::{AddFile, CouponFile, FileRef, NewFile, Progress, Stage};
pub use forecast::{HandedOut, Pace};
pub use hand_backs::{Confirmed, Released};
pub use jobs::{Claim, Job, JobKind};
pub use ledger::{LedgerQuery, Recorded};
pub use lists::{Changed, CouponList, CreateList, ListChange, ListQuery, ListRef, NewList, Page, UpdateList};
pub use load::{FileSource, FileToLoad, LoadCounts, LoadSource, Published};
pub use mails::{MailToSend, News, SentAs};
pub use migrations::{migrate, schema_fits};
pub use news::hear_of_jobs;
pub use pool::Outage;
pub use pull_tokens::{LinkedToken, PullToken};
pub use rate_limits::Quota;
pub use runs::Run;
pub use spools::Spool;
pub use stock::Stock;
pub use uploads::Upload;
pub use usage_reports::{
    NewUsageReport, ReportMail, ReportStatus, ReportToBuild, RequestReport, UsageReport, UsageReportRef,
};
pub use usage_rows::{UsageDecoder, UsageRow};
pub use workspaces::Workspace;

/// What every call of this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
