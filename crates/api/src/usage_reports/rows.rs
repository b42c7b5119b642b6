//! A report's rows as JSON, one a line, made of its CSV: for programs, which want each text as it was.

use std::{io, mem};

use actix_web::{
    Error,
    web::{self, Bytes},
};
use domain::original;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serializer as _;

/// The keys of a row, in the order of the CSV's columns; the last two are there where they were asked for.
const KEYS: [&str; 11] = [
    "channel",
    "campaign_id",
    "campaign_name",
    "campaign_sent_at",
    "delivery_type",
    "user_id",
    "coupon_code",
    "coupon_added_at",
    "coupon_list_label",
    "locale",
    "variation",
];

/// The rows of this CSV, wherever its slices are cut.
pub(super) fn rows(
    csv: impl Stream<Item = Result<Bytes, Error>> + Unpin,
) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((csv, Reader::default()), async |(mut csv, mut reader)| {
        while let Some(slice) = csv.next().await {
            let slice = slice?;
            let lines;
            // Not on a thread that answers others.
            (lines, reader) = web::block(move || reader.read(&slice)).await??;
            if !lines.is_empty() {
                return Ok(Some((lines, (csv, reader))));
            }
        }
        Ok(None)
    })
}

/// What was read, and has not come whole yet.
#[derive(Default)]
struct Reader {
    rest: Vec<u8>,
    /// How much of it has been looked at.
    seen: usize,
    is_quoted: bool,
    has_header: bool,
}

impl Reader {
    /// The rows that end in this slice.
    fn read(mut self, slice: &[u8]) -> io::Result<(Bytes, Self)> {
        self.rest.extend_from_slice(slice);
        let mut end = 0;
        for (at, byte) in self.rest.iter().enumerate().skip(self.seen) {
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => end = at + 1,
                _ => {}
            }
        }
        let rest = self.rest.split_off(end);
        let whole = mem::replace(&mut self.rest, rest);
        self.seen = self.rest.len();
        let mut lines = Vec::with_capacity(whole.len() * 2);
        let mut csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&whole[..]);
        let mut row = csv::StringRecord::new();
        while csv.read_record(&mut row)? {
            if mem::replace(&mut self.has_header, true) {
                let cells = row
                    .iter()
                    .map(|cell| Some(original(cell)).filter(|cell| !cell.is_empty()));
                serde_json::Serializer::new(&mut lines).collect_map(KEYS.into_iter().zip(cells))?;
                lines.push(b'\n');
            }
        }
        Ok((lines.into(), self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "\u{feff}Channel,Campaign ID,…\r\nEmail,\"a\r\n\"\"b\",'=1,,,ada,'+C-1,\"x;'@\",l\r\n,,,,,bob,C-2,,l\r\n";
    const ROWS: &str = concat!(
        r#"{"channel":"Email","campaign_id":"a\r\n\"b","campaign_name":"=1","campaign_sent_at":null,"#,
        r#""delivery_type":null,"user_id":"ada","coupon_code":"+C-1","coupon_added_at":"x;@","coupon_list_label":"l"}"#,
        "\n",
        r#"{"channel":null,"campaign_id":null,"campaign_name":null,"campaign_sent_at":null,"delivery_type":null,"#,
        r#""user_id":"bob","coupon_code":"C-2","coupon_added_at":null,"coupon_list_label":"l"}"#,
        "\n",
    );

    #[test]
    fn rows_are_the_same_wherever_the_csv_is_cut() {
        for size in [1, 2, 7, 64, 10_000] {
            let mut reader = Reader::default();
            let mut read = Vec::new();
            for slice in CSV.as_bytes().chunks(size) {
                let lines;
                (lines, reader) = reader.read(slice).unwrap();
                read.extend_from_slice(&lines);
            }
            assert_eq!(String::from_utf8(read).unwrap(), ROWS, "{size}");
            assert!(reader.rest.is_empty());
        }
    }
}
