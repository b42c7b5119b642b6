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
    /// What has to come in each `minute` that we wait for the body: a host that drips holds a place and a connection.
    pub minute: Duration,
    pub bytes_a_minute: u64,
    /// For everything, repeated tries included.
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
            minute: Duration::from_mins(1),
            // 16 KiB a second.
            bytes_a_minute: 60 * 16 * 1024,
            total: Duration::from_mins(15),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(4)],
            bytes: HOSTED_FILE_BYTES,
        }
    }
}
