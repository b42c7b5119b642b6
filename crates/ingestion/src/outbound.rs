//! The guarded client: everything the process asks of other machines goes through here.
//!
//! An address is judged three times: as text (literal addresses never reach a resolver), when its name is resolved,
//! and once connected. Nothing a remote host said is ever quoted.

mod addresses;
mod client;
mod failure;
mod fetch;
mod limits;
mod named;
mod resolver;
mod tls;

pub use addresses::{AddressPolicy, NotANetwork};
pub use client::{Outbound, OutboundError};
pub use fetch::Fetched;
pub use limits::Limits;
pub use named::{client_of_named_hosts, exporting_client};
