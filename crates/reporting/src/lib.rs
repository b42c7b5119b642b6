//! Usage → CSV → mail; alerts → mail. `report.rs` builds a report, `letter.rs` says what a mail says, `mailer.rs` sends
//! it.

mod availability;
mod conversation;
mod hand_outs;
mod invitation;
mod letter;
mod mailer;
mod message;
mod metrics;
mod relay;
mod report;
mod usage;
mod visible;

pub use hand_outs::hand_outs_csv;
pub use mailer::{MailError, Mailer};
pub use relay::{Relay, RelayError};
pub use report::ReportBuilder;
