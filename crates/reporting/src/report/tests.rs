use std::io::Read as _;

use super::*;

#[test]
fn pieces_are_of_one_size_and_make_the_whole() {
    let (sender, mut pieces) = mpsc::channel(100);
    let mut writer = Pieces::new(sender);
    let whole: Vec<u8> = (0..=250).cycle().take(3 * PIECE_BYTES + 7).collect();
    for part in whole.chunks(100_003) {
        writer.write_all(part).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), whole.len() as u64);
    let mut read = Vec::new();
    let mut sizes = Vec::new();
    while let Some(piece) = pieces.blocking_recv() {
        sizes.push(piece.len());
        read.extend(piece);
    }
    assert_eq!(sizes, [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES, 7]);
    assert!(read == whole);
}

#[test]
fn no_rows_are_a_header() {
    let (copy, rows) = mpsc::channel(1);
    copy.blocking_send(Bytes::from_static(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff"))
        .unwrap();
    drop(copy);
    let (sender, mut pieces) = mpsc::channel(1);
    let Ok(written) = write_report(rows, sender, TimeZone::UTC, "label".to_owned(), false) else {
        panic!("not written")
    };
    let gzip = pieces.blocking_recv().unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&gzip[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.starts_with("\u{feff}Channel,") && text.ends_with("Coupon List Label\r\n"));
    assert_eq!(
        (written.rows, written.bytes, written.gzip_bytes),
        (0, text.len() as u64, gzip.len() as u64)
    );
}

#[test]
fn rows_that_end_before_their_end_are_no_report() {
    for came in [
        &b""[..],
        b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0",
        b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x0a",
    ] {
        let (copy, rows) = mpsc::channel(1);
        copy.blocking_send(Bytes::from_static(came)).unwrap();
        drop(copy);
        let (sender, _pieces) = mpsc::channel(1);
        let written = write_report(rows, sender, TimeZone::UTC, "label".to_owned(), false);
        assert!(matches!(written, Err(NotWritten::Storage(_))), "{came:?}");
    }
}
