//! Any file, cut anywhere, against the plainest reading of the rules.

use domain::LoadFailure;
use proptest::prelude::*;

use super::{
    fields::Row,
    piece::Piece,
    records::Records,
    tests::{read, read_in_pieces},
};

/// The line a row begins on, and its fields.
type NaiveRow = (u64, Vec<Vec<u8>>);

/// The plainest reading of the rules, of a file that is there as a whole.
fn naive_rows(file: &[u8]) -> Option<Vec<NaiveRow>> {
    let (mut rows, mut fields, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let (mut line, mut start, mut quoted, mut begun) = (1, 1, false, false);
    let mut at = 0;
    while at < file.len() {
        let (byte, after) = (file[at], file.get(at + 1));
        let is_end = matches!(byte, b'\r' | b'\n');
        if !begun && !is_end {
            (begun, start) = (true, line);
            quoted = byte == b'"';
            at += usize::from(quoted);
            if quoted {
                continue;
            }
        }
        if is_end && !(byte == b'\r' && after == Some(&b'\n')) {
            line += 1;
        }
        match byte {
            b'"' if quoted && after == Some(&b'"') => {
                field.push(byte);
                at += 1;
            }
            b'"' if quoted => quoted = false,
            _ if quoted => field.push(byte),
            b',' => {
                fields.push(std::mem::take(&mut field));
                quoted = after == Some(&b'"');
                at += usize::from(quoted);
            }
            _ if is_end && begun => {
                fields.push(std::mem::take(&mut field));
                rows.push((start, std::mem::take(&mut fields)));
                begun = false;
            }
            _ if is_end => {}
            _ => field.push(byte),
        }
        at += 1;
    }
    if begun {
        fields.push(field);
        rows.push((start, fields));
    }
    (!quoted).then_some(rows)
}

fn rows_of(file: &[u8]) -> Result<Vec<NaiveRow>, LoadFailure> {
    let (mut records, mut piece, mut rows) = (Records::new(b','), Piece::new(file), Vec::new());
    let owned = |row: Row<'_>| (row.line, row.fields.unwrap().iter().map(<[u8]>::to_vec).collect());
    while let Some(row) = records.next(&mut piece)? {
        rows.push(owned(row));
    }
    rows.extend(records.finish()?.map(owned));
    Ok(rows)
}

proptest! {
    #[test]
    fn rows_are_what_the_rules_say(file in "[AB,\"\n ]{0,60}", end in "\n|\r\n|\r") {
        let file = file.replace('\n', &end);
        match (rows_of(file.as_bytes()), naive_rows(file.as_bytes())) {
            (Ok(rows), Some(naive)) => prop_assert_eq!(rows, naive),
            (outcome, naive) => {
                prop_assert!(matches!(outcome, Err(LoadFailure::UnclosedQuote(_))));
                prop_assert_eq!(naive, None);
            }
        }
    }

    #[test]
    fn it_does_not_matter_where_the_pieces_are_cut(
        file in "(\u{feff})?(# x\n)?(Coupon Code([,;|\t]x)?)?\n([AB\0é]{0,4}[,\"\r\n ]{0,3}){0,40}",
        cuts in proptest::collection::vec(0_usize..300, 0..12),
    ) {
        let file = file.as_bytes();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(file.len())).collect();
        cuts.extend([0, file.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &file[cut[0]..cut[1]]);
        prop_assert_eq!(read_in_pieces(pieces), read(file));
        prop_assert_eq!(read_in_pieces(file.chunks(1)), read(file));
    }

    #[test]
    fn no_bytes_make_it_panic(file: Vec<u8>) {
        let with_header = [b"Coupon Code\n", file.as_slice()].concat();
        prop_assert_eq!(read_in_pieces(with_header.chunks(3)), read(&with_header));
        prop_assert_eq!(read_in_pieces(file.chunks(2)), read(&file));
    }
}
