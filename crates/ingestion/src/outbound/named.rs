//! The client for hosts that the operator named.

use std::time::Duration;

use reqwest::{Client, blocking, redirect};

use super::{OutboundError, tls};

/// A person waits for the answer.
const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(5);

/// A client for what the operator named, such as an identity provider: a private address is as good as any. TLS is as everywhere,
/// nothing is followed, and an answer has five seconds.
pub fn client_of_named_hosts() -> Result<Client, OutboundError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::config()?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        // A kept connection would outlive the runtime that opened it.
        .pool_max_idle_per_host(0)
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .user_agent(concat!("couponry/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

/// The same for the thread of an exporter that has no runtime. Not to be made, nor dropped, by a task.
pub fn exporting_client(timeout: Duration) -> Result<blocking::Client, OutboundError> {
    Ok(blocking::Client::builder()
        .tls_backend_preconfigured(tls::config()?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(timeout)
        .user_agent(concat!("couponry/", env!("CARGO_PKG_VERSION")))
        .build()?)
}
