//! What must hold for any input: `fuzz/` looks for one for which it does not, and a test tries some of its own.

use std::{collections::BTreeSet, net::IpAddr};

use domain::{BLOCK_BYTES, FileUrl, FingerprintKey, check_code};
use url::Host;

use crate::{outbound::AddressPolicy, rows::Rows, sorted::Sorter};

const KEY: FingerprintKey = FingerprintKey::from_bytes([7; 16]);

/// A file gives the same codes wherever it is cut, and each of them is fit for a list.
pub fn check_rows(input: &[u8]) {
    let Some((size, file)) = input.split_first() else {
        return;
    };
    let whole = read([file]);
    assert_eq!(read(file.chunks(usize::from(*size).max(1))), whole);
    for code in whole.iter().flatten() {
        assert_eq!(check_code(code.as_bytes()), Ok(code.as_str()));
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<String>> {
    let (mut rows, mut codes) = (Rows::new(), Vec::new());
    let mut sink = |code: &str| codes.push(code.to_owned());
    for piece in pieces {
        rows.feed(piece, &mut sink).ok()?;
    }
    rows.finish(&mut sink).ok()?;
    Some(codes)
}

/// Each code of a file lies once in its blocks, in the block where its place says, and no block is too long.
pub fn check_blocks(input: &[u8]) {
    let lines = input.split(|byte| *byte == b'\n');
    let codes: Vec<&str> = lines.filter_map(|line| check_code(line).ok()).collect();
    let mut sorter = Sorter::new(KEY);
    for code in &codes {
        sorter.push(code);
    }
    let sorted = sorter.finish();
    let distinct: BTreeSet<_> = codes.iter().copied().collect();
    assert_eq!(sorted.len(), distinct.len());
    assert_eq!(sorted.duplicates(), (codes.len() - distinct.len()) as u64);

    let per_block = sorted.codes_per_block();
    let mut stored: Vec<String> = Vec::new();
    for (number, block) in (0..).zip(sorted.blocks(per_block)) {
        assert_eq!(block.number, number);
        assert!(block.codes.len() <= BLOCK_BYTES);
        let text = String::from_utf8_lossy(&block.codes);
        for (n, code) in text.split('\n').enumerate() {
            assert!(n > 0 || block.first_fingerprint == KEY.fingerprint(code.as_bytes()));
            let ordinal = i64::try_from(stored.len()).unwrap_or(i64::MAX);
            assert_eq!(per_block.block_of(ordinal), i64::from(number));
            stored.push(code.to_owned());
        }
    }
    let order = |code: &String| (KEY.fingerprint(code.as_bytes()), code.clone());
    assert!(stored.iter().map(order).is_sorted());
    assert_eq!(
        stored.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        distinct
    );
    assert_eq!(stored.len(), distinct.len());
}

/// What a URL's text alone lets pass is no address of this machine or its networks, and says the same when it is read again.
pub fn check_addresses(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Ok(url) = FileUrl::new(text) else {
        return;
    };
    let spelled = url.as_url().as_str();
    assert!(!spelled.contains(char::is_whitespace) && !spelled.contains(char::is_control));
    assert!(
        spelled.len() > 2048 || FileUrl::new(spelled).as_ref() == Ok(&url),
        "{spelled}"
    );
    assert!(url.as_url().username().is_empty() && url.as_url().password().is_none());
    if AddressPolicy::default().refuses_literally(&url) {
        return;
    }
    match url.as_url().host() {
        Some(Host::Ipv4(address)) => assert!(is_elsewhere(address.into()), "{spelled}"),
        Some(Host::Ipv6(address)) => assert!(is_elsewhere(address.into()), "{spelled}"),
        // A name with a dot that the resolver has to answer for; no other spelling of an address is one.
        Some(Host::Domain(name)) => {
            assert!(name.trim_end_matches('.').contains('.'), "{spelled}");
            assert!(name.trim_end_matches('.').parse::<IpAddr>().is_err(), "{spelled}");
        }
        None => assert!(url.as_url().has_host(), "{spelled}"),
    }
}

/// By what the standard library knows, not by the tables of `addresses.rs`.
fn is_elsewhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
                && v6.to_ipv4().is_none()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Each sorts by some threads.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_lines_are_packed_into_blocks(text in "([A-Cé]{1,3}\n|[a-z]{1,250}\n){0,200}") {
            check_blocks(text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_rows(size: u8, file in "(Coupon Code)?[A,\"\r\n;\u{feff}]{0,80}") {
            check_rows(&[&[size], file.as_bytes()].concat());
        }

        #[test]
        fn any_host_is_judged(
            host in "[0-9a-fx.:\\[\\]%①②]{1,24}|(0x)?[0-9a-f]{1,8}(\\.(0x)?[0-9a-f]{1,3}){0,4}|\\[[0-9a-f:]{2,39}\\]|[a-z.]{1,12}",
            rest in "(:[0-9]{1,5})?(/[a-z?#@\\\\]{0,8})?",
        ) {
            check_addresses(format!("http://{host}{rest}").as_bytes());
        }

        #[test]
        fn any_text_is_judged_as_an_address(text in "(https?:)?[/\\\\]{0,3}.{0,40}") {
            check_addresses(text.as_bytes());
        }
    }
}
