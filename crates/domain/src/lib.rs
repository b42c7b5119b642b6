//! What a coupon service is: types that cannot be wrong. Pure: no async, no I/O, no clock of its own.

mod alerts;
mod allocation;
mod block;
mod campaign;
mod caseless;
mod code;
mod expiry;
mod file;
mod file_url;
mod fingerprint;
mod forecast;
mod formula;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod id;
mod idempotency;
mod key_role;
mod list;
mod mail_domains;
mod period;
mod placeholder;
mod pull_token;
mod rate_limit;
mod request_key;
mod role;
mod signing;
mod spans;
mod text;
mod wire_time;

pub use alerts::{
    AlertConditions, AlertNumberMissing, AlertPatch, ExpiryAlert, ExpiryAlertPatch, MAX_DAYS_BEFORE,
    ShortageAlert, ShortageAlertPatch,
};
pub use allocation::{AllocationId, AllocationStatus, NoSuchStatus, Position};
pub use block::{BLOCK_BYTES, CodesPerBlock};
pub use campaign::{Campaign, CampaignKey};
pub use caseless::caseless;
pub use code::{CODE_BYTES, CodeError, check_code, holds_unseen, is_unseen};
pub use expiry::{ExpiryError, parse_expiry};
pub use file::{
    FileStatus, LoadFailure, MAX_NAMED_REJECTIONS, REJECTED_ROWS_HEAD, RejectReason, RejectedFor, Rejection,
    told,
};
pub use file_url::{BasicAuth, FileUrl, FileUrlError};
pub use fingerprint::FingerprintKey;
pub use forecast::{Forecast, Usage};
pub use formula::{inert, original};
pub use id::{PublicId, WorkspaceId};
pub use idempotency::{IdempotencyKey, NotAnIdempotencyKey};
pub use key_role::{KeyRole, NotAKeyRole};
pub use list::{Label, ListStatus, MAX_SUBSCRIBERS, Subscribers, personalization_snippet};
pub use mail_domains::{MailDomains, NotDomains};
pub use period::{Period, PeriodError, parse_day};
pub use pull_token::{is_pull_token_made_here, is_pull_token_signed, read_pull_token, write_pull_token};
pub use rate_limit::{NotARateLimit, Operation, RateLimit};
pub use request_key::RequestKey;
pub use role::{NotARole, Role};
pub use signing::{LinkKey, LinkSeal, WebhookSecret};
pub use spans::{last_days, last_hours};
pub use text::{ExternalId, FreeText, Name, TextError};
pub use wire_time::{instant_with_zone, instant_without_zone, parse_instant};

/// The most codes one list may hold, over all its files: the limit the MoEngage API documents.
pub const LIST_CODES: i64 = 100_000_000;

/// The largest file fetched from a URL, in bytes after any transfer decoding (100 MiB, inclusive).
pub const HOSTED_FILE_BYTES: u64 = 104_857_600;

/// The largest file sent by hand, in bytes (64 MiB, inclusive).
pub const SENT_FILE_BYTES: u64 = 67_108_864;
