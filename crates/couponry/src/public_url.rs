//! Where links lead.

use std::net::SocketAddr;

use reqwest::Url;

use crate::config::Settings;

/// How the outside reaches the API, for links.
pub(crate) fn public_url(settings: &Settings, address: SocketAddr) -> Url {
    let url = settings.public_url.clone().or_else(|| of(address).parse().ok());
    // An address with a port makes a URL.
    url.unwrap_or_else(|| unreachable!())
}

/// What listens on all addresses of a machine is reached there by one of them.
fn of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}/", address.port())
    } else {
        format!("http://{address}/")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_leads_to_an_address_that_a_browser_can_open() {
        for (address, url) in [
            ("0.0.0.0:8080", "http://localhost:8080/"),
            ("[::]:8080", "http://localhost:8080/"),
            ("127.0.0.1:80", "http://127.0.0.1:80/"),
            ("[::1]:8080", "http://[::1]:8080/"),
        ] {
            assert_eq!(super::of(address.parse().unwrap()), url);
        }
    }
}
