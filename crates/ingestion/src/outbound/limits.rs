//! How long and how much the outgoing client puts up with.

use std::time::Duration;

use domain::HOSTED_FILE_BYTES;

/// The limits of one fetch. The defaults let an unreachable host fail within 30 s and any file within 15 min.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For resolving a name; within `connect`, or a lookup that hangs would pass for an unreachable host.
    pub lookup: Duration,
    /// For resolving, connecting and the TLS handshake together.
    pub connect: Duration,
    /// For the answer's head, and from one piece of the body to the next.
    pub idle: Duration,
    /// For everything, repeated tries included: a host that drips a byte now and then must end too.
    pub total: Duration,
    /// The pauses between tries; one try more than pauses.
    pub pauses: Vec<Duration>,
    /// The largest body, inclusive.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookup: Duration::from_secs(4),
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(15),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(4)],
            bytes: HOSTED_FILE_BYTES,
        }
    }
}
