//! PostgreSQL: the only crate that speaks SQL. One folder per noun; every change of several statements is one PL/pgSQL
//! function (see `migrations/`), so that no client-side transaction exists that a dropped future could leave open.

mod alerts;
mod allocations;
mod backups;
mod bulk_actions;
mod checkup;
mod codes;
mod connection;
mod copy;
mod error;
mod files;
mod jobs;
mod lineage;
mod lists;
mod lost_settings;
mod metrics;
mod migrations;
mod people;
mod pool;
mod replication;
mod route;
mod spent;
mod traces;
mod usage_reports;
mod workspaces;

pub use alerts::{MailToSend, News, SentAs};
pub use allocations::{
    AllocateState, Allocation, AllocationOutcome, AllocationRequest, AllocationsUnavailable, Allocator,
    BusyList, ConfirmOutcome, GROUP_KEYS, HandOutFilter, LedgerPage, Recorded, ReleaseOutcome, Shortage,
    Spool,
};
pub use backups::{DatabaseFacts, analyze, look_at_database};
pub use bulk_actions::{BulkAction, BulkActionKind, BulkActionStatus, BulkActionToPerform};
pub use checkup::{
    ArchiverState, Checkup, ClosedTable, DatabaseSizes, FollowingReplica, JobsState, OpenTransaction,
    ReplicaState, ServerSettings, TableSize,
};
pub use codes::{
    Block, CodeEvent, CodePlace, CodeStatus, DisableOutcome, Export, HistoryEntry, Passport, RedeemOutcome,
    Redemption, Run,
};
pub use connection::{Settings, Storage};
pub use error::Error;
pub use files::{
    AddFile, AddFileRefusal, Callback, CallbackToMake, CouponFile, DryRun, FetchedFile, FileRef, FileSource,
    FileToFetch, FileToLoad, KeptRejections, LoadCounts, LoadSource, NewFile, Progress, PublishFileOutcome,
    Rejections, Stage, Upload,
};
pub use jobs::{Claim, Job, JobCount, JobKind, hear_of_jobs};
pub use lineage::{AfterPromotion, JournalEntry, Lineage, NotedEntries, PauseReason};
pub use lists::{
    ActivateListOutcome, CouponList, CreateList, CreateListRefusal, HandedOut, LinkedToken, ListChange,
    ListQuery, ListRef, NewList, Pace, Page, PullToken, Pulse, Stock, UpdateListOutcome,
};
pub use lost_settings::LostSetting;
pub use migrations::{migrate, schema_fits};
pub use people::{
    AcceptLink, AcceptLinkRefusal, CountedAttempt, Invitation, InvitationLetter, InvitationToSend, LinkKind,
    MailState, Member, Membership, OneTimeLink, OpenSession, Person, ProviderRole, ProviderSignIn, Session,
    SignIn, SignInAttempt, SignInByProviderRefusal, Somebody, Token, Vouched,
};
pub use pool::Outage;
pub use replication::ReplicaLag;
pub use route::Route;
pub use spent::Spent;
pub use traces::{Origin, Sampling, TRACE, TRACE_ROOT, begins_trace};
pub use usage_reports::{
    NewUsageReport, ReportMail, ReportMailStatus, ReportStatus, ReportToBuild, RequestReport,
    RequestReportRefusal, UsageDecoder, UsageReport, UsageReportRef, UsageRow,
};
pub use workspaces::{
    Actor, ApiKey, AuditEntry, AuthenticationError, ConfigureKey, CreateKey, CreateKeyRefusal, KeyMemory,
    KeyOwner, KeyRights, KeyStatus, MOST_KEYS, MOST_LISTS_OF_KEY, Quota, RevokedKey, RotateKey,
    RotateKeyRefusal, StoredApiKey, Workspace,
};

/// What every call of this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
