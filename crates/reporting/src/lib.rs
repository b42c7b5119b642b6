//! Usage → CSV → mail; alerts → mail. `report.rs` builds a report, `letter.rs` says what a mail says, `mailer.rs` sends
//! it.

mod availability;
mod conversation;
mod invitation;
mod letter;
mod mailer;
mod message;
mod relay;
mod report;
mod usage;
mod visible;

pub use mailer::{MailError, Mailer};
pub use relay::{Relay, RelayError};
pub use report::ReportBuilder;
