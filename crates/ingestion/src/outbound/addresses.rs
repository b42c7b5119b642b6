//! Which addresses the process may talk to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use domain::FileUrl;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

/// Public addresses, and those an operator allowed (`COUPONRY_OUTBOUND_ALLOW`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPolicy {
    allow: Vec<IpNet>,
}

/// A part of the allow-list that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither an address like 192.0.2.7 nor a network like 10.0.0.0/8")]
pub struct NotANetwork(String);

impl FromStr for AddressPolicy {
    type Err = NotANetwork;

    /// Addresses and networks, parted by commas; blanks round them do not matter.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let allow = parts.map(network).collect::<Result<_, _>>()?;
        Ok(Self { allow })
    }
}

fn network(text: &str) -> Result<IpNet, NotANetwork> {
    let alone = text.parse::<IpAddr>().map(IpNet::from);
    alone
        .or_else(|_| text.parse())
        .map_err(|_| NotANetwork(text.to_owned()))
}

impl AddressPolicy {
    pub fn permits(&self, address: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(&address)) || is_public(address)
    }

    /// Whether the URL's text alone forbids it, so that it can be refused before a job is made of it.
    pub fn refuses_literally(&self, url: &FileUrl) -> bool {
        match url.as_url().host() {
            Some(Host::Ipv4(address)) => !self.permits(address.into()),
            Some(Host::Ipv6(address)) => !self.permits(address.into()),
            // A local name may well resolve to an allowed network; without one it cannot be right.
            Some(Host::Domain(_)) => !self.allows_private() && url.has_local_name(),
            None => true,
        }
    }

    pub(super) fn allows_private(&self) -> bool {
        !self.allow.is_empty()
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !RESERVED_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !RESERVED_V6.iter().any(|network| network.contains(&address))
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry, without the few blocks that are globally reachable.
const RESERVED_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 8),      // this network
    v4(10, 0, 0, 8),     // private
    v4(100, 64, 0, 10),  // shared by carriers; some clouds keep their metadata there
    v4(127, 0, 0, 8),    // loopback
    v4(169, 254, 0, 16), // link-local, cloud metadata
    v4(172, 16, 0, 12),  // private
    v4(192, 0, 0, 24),   // protocol assignments
    v4(192, 0, 2, 24),   // documentation
    v4(192, 88, 99, 24), // 6to4 relays
    v4(192, 168, 0, 16), // private
    v4(198, 18, 0, 15),  // benchmarks
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4), // multicast
    v4(240, 0, 0, 4), // reserved, broadcast
];

/// The only part of IPv6 that is assigned to the public. It leaves out loopback, fc00::/7, fe80::/10, ff00::/8 and
/// the forms that carry an IPv4 address: mapped, compatible and 64:ff9b::/96.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

const RESERVED_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),      // protocol assignments, Teredo among them
    v6(0x2001, 0xdb8, 32),  // documentation
    v6(0x2002, 0, 16),      // 6to4: an IPv4 address of anybody's choice inside
    v6(0x3fff, 0x0000, 20), // documentation
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &AddressPolicy, url: &str) -> bool {
        policy.refuses_literally(&FileUrl::new(url).unwrap())
    }

    #[test]
    fn what_is_not_public_is_refused() {
        let texts = "0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 \
             169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 \
             192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 \
             239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:8.8.8.8 ::ffff:127.0.0.1 \
             ::8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 fc00::1 fd12::1 fe80::1 \
             fec0::1 ff02::1 2001::1 2001:1ff::1 2001:db8::1 2002:7f00:1::1 3fff:fff::1 4000::1 \
             5f00::1";
        for text in texts.split(' ') {
            assert!(!AddressPolicy::default().permits(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_not() {
        let texts = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 \
             172.32.0.0 192.0.1.1 198.17.255.255 198.20.0.0 223.255.255.255 2001:200::1 \
             2606:4700::1111 2a00:1450::1 3ffe::1";
        for text in texts.split(' ') {
            assert!(AddressPolicy::default().permits(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn an_operator_may_allow_addresses_and_networks() {
        let policy: AddressPolicy = " 10.0.0.0/8, 192.168.1.7 ,fd00::/8,".parse().unwrap();
        for (text, permitted) in [
            ("10.9.9.9", true),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("fd00::5", true),
            ("8.8.8.8", true),
            ("127.0.0.1", false),
        ] {
            assert_eq!(policy.permits(text.parse().unwrap()), permitted, "{text}");
        }
        assert_eq!("".parse(), Ok(AddressPolicy::default()));
    }

    #[test]
    fn a_bad_allow_list_says_which_part_is_bad() {
        let error = "10.0.0.0/8, example.com".parse::<AddressPolicy>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "'example.com' is neither an address like 192.0.2.7 nor a network like 10.0.0.0/8"
        );
        assert!("10.0.0.0/33".parse::<AddressPolicy>().is_err());
    }

    #[test]
    fn literal_addresses_are_refused_in_every_spelling() {
        let policy = AddressPolicy::default();
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://①②⑦.0.0.1/",
            "http://127.0.0.1./",
            "http://localhost/",
            "http://db/",
            "http://metadata.google.internal/",
        ] {
            assert!(refused(&policy, url), "{url}");
        }
        assert!(!refused(&policy, "http://8.8.8.8/"));
        assert!(!refused(&policy, "https://files.example.com/"));
    }

    #[test]
    fn with_an_allow_list_a_local_name_is_left_to_the_resolver() {
        let policy: AddressPolicy = "10.0.0.0/8".parse().unwrap();
        assert!(!refused(&policy, "http://minio/codes.csv"));
        assert!(refused(&policy, "http://127.0.0.1/codes.csv"));
    }
}
