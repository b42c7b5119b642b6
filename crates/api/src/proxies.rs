//! Whose word is taken for a client's address.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderValue},
};
use ipnet::IpNet;

/// The proxies in front of the server (`COUPONRY_TRUSTED_PROXIES`): what they write into `X-Forwarded-For` is believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// A part of the list that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither an address like 192.0.2.7 nor a network like 10.0.0.0/8")]
pub struct NotAProxy(String);

impl FromStr for TrustedProxies {
    type Err = NotAProxy;

    /// Addresses and networks, parted by commas; blanks round them do not matter.
    fn from_str(text: &str) -> Result<Self, NotAProxy> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let alone = part.parse::<IpAddr>().map(IpNet::from);
            alone
                .or_else(|_| part.parse())
                .map_err(|_| NotAProxy(part.to_owned()))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address is one.
    pub fn trust_everybody(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a trusted proxy says in this header; nobody else's word is taken for it. Several values are one text, parted by commas
    /// as HTTP has it, so that what a client sent along is never taken for the proxy's word.
    pub fn word(&self, request: &HttpRequest, header: &str) -> Option<String> {
        let peer = request.peer_addr()?.ip();
        if !self.contains(peer) {
            return None;
        }
        let values = request.headers().get_all(header);
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Who sent the request: the peer or, if that is a trusted proxy, the last hop of `X-Forwarded-For` that is not one.
    /// What stands before that hop is anybody's word.
    pub fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        Some(one_a_network(self.sender(peer, request.headers())))
    }

    fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut sender = peer;
        if !self.contains(peer) {
            return sender;
        }
        let lines: Vec<&HeaderValue> = headers.get_all("x-forwarded-for").collect();
        let hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops {
            // What cannot be read hides who stood there: what stands before it is anybody's word.
            let Some(hop) = address(hop) else {
                return sender;
            };
            sender = hop;
            if !self.contains(hop) {
                return sender;
            }
        }
        sender
    }
}

/// An address as proxies write it, some with a port.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim();
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    let bracketed = hop.trim_start_matches('[').trim_end_matches(']');
    bracketed.parse().or_else(|_| with_port()).ok()
}

/// A host of IPv6 has a whole network of addresses to send from: that counts as one.
pub(crate) fn one_a_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(v4) => IpAddr::V4(v4),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let peer: IpAddr = peer.parse().unwrap();
        let mut request = TestRequest::default().peer_addr((peer, 1).into());
        for line in forwarded {
            let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            request = request.append_header(("X-Forwarded-For", line));
        }
        let proxies: TrustedProxies = trusted.parse().unwrap();
        proxies.client(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn the_last_hop_that_is_not_trusted_is_the_client() {
        let trusted = "10.0.0.0/8, 192.0.2.7";
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.1.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["198.51.100.1, 192.0.2.7"], "198.51.100.1"),
            ("10.1.1.1", &["6.6.6.6", "198.51.100.1, 10.2.2.2"], "198.51.100.1"),
            ("10.1.1.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.1.1.1", &["[2001:db8::1]:4711"], "2001:db8::"),
            ("::ffff:10.1.1.1", &["2001:db8::1"], "2001:db8::"),
            ("10.1.1.1", &["198.51.100.1, nonsense"], "10.1.1.1"),
            ("10.1.1.1", &["6.6.6.6", "\u{e9}"], "10.1.1.1"),
            ("10.1.1.1", &["6.6.6.6", "\u{e9}, 10.2.2.2"], "10.2.2.2"),
            ("10.1.1.1", &["6.6.6.6, \u{e9}, 198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["10.3.3.3"], "10.3.3.3"),
            ("10.1.1.1", &[], "10.1.1.1"),
        ] {
            assert_eq!(client(trusted, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(client("", "10.1.1.1", &["198.51.100.1"]), "10.1.1.1");
    }

    #[test]
    fn a_header_is_a_proxys_word_or_nobodys() {
        let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
        for (peer, values, word) in [
            ("10.1.1.1", &["ada@example.com"][..], Some("ada@example.com")),
            ("::ffff:10.1.1.1", &["ada@example.com"], Some("ada@example.com")),
            ("203.0.113.9", &["ada@example.com"], None),
            ("10.1.1.1", &[], None),
            (
                "10.1.1.1",
                &["eve@example.com", "ada@example.com"],
                Some("eve@example.com, ada@example.com"),
            ),
        ] {
            let peer: IpAddr = peer.parse().unwrap();
            let mut request = TestRequest::default().peer_addr((peer, 1).into());
            for value in values {
                request = request.append_header(("X-Forwarded-Email", *value));
            }
            let said = proxies.word(&request.to_http_request(), "x-forwarded-email");
            assert_eq!(said.as_deref(), word, "{peer} {values:?}");
        }
    }

    #[test]
    fn a_bad_list_says_which_part_is_bad() {
        let error = "10.0.0.0/8, my-proxy".parse::<TrustedProxies>().unwrap_err();
        assert!(error.to_string().contains("'my-proxy'"), "{error}");
    }
}
