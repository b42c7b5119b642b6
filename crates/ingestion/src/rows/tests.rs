//! Whole files through `Rows`.

use super::*;
use domain::LoadFailure;

pub(super) type Outcome = Result<(Vec<String>, RowCounts), LoadFailure>;

pub(super) fn read_in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut codes = Vec::new();
    let mut sink = |code: &str| codes.push(code.to_owned());
    let mut rows = Rows::new();
    for piece in pieces {
        rows.feed(piece, &mut sink)?;
    }
    rows.finish(&mut sink)?;
    Ok((codes, rows.into_counts()))
}

pub(super) fn read(file: &[u8]) -> Outcome {
    read_in_pieces([file])
}

fn codes(file: &str) -> Vec<String> {
    read(file.as_bytes()).unwrap().0
}

fn failure(file: &[u8]) -> LoadFailure {
    read(file).unwrap_err()
}

/// Lines and reasons of what was rejected, with enough good rows in front for the file to pass.
fn rejections(rows: &str) -> Vec<(u64, String)> {
    let file = format!("Coupon Code,Note\n{}{rows}", "GOOD,\n".repeat(100));
    let (_, counts) = read(file.as_bytes()).unwrap();
    assert_eq!(counts.rejected, counts.rejections.len() as u64);
    let named = counts.rejections.into_iter();
    named
        .map(|rejection| (rejection.line - 101, rejection.reason))
        .collect()
}

#[test]
fn the_official_sample_is_read() {
    let file = "Coupon Code\r\nBF20-WERT-NBVC\r\nBF20-ERTY-BVCX\r\nBF20-ASDF-HGFD";
    assert_eq!(
        codes(file),
        ["BF20-WERT-NBVC", "BF20-ERTY-BVCX", "BF20-ASDF-HGFD"]
    );
}

#[test]
fn line_ends_may_be_lf_crlf_or_cr_but_not_cr_beside_lf() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["Coupon Code", "A", "", "B"].join(end);
        assert_eq!(codes(&file), ["A", "B"], "{end:?}");
        assert_eq!(codes(&format!("{file}{end}")), ["A", "B"], "{end:?}");
    }
    for file in [
        "Coupon Code\nA\rB\n",
        "Coupon Code\rA\nB",
        "Coupon Code\r\nA\rB\r\n",
        "Coupon Code\nA\r",
        "\rCoupon Code\nA",
        "Coupon Code\r\r\nA\r\r\n",
    ] {
        assert_eq!(failure(file.as_bytes()), LoadFailure::MixedLineEnds, "{file:?}");
    }
    assert_eq!(codes("Coupon Code,Note\nA,\"x\ry\"\n"), ["A"]);
}

#[test]
fn the_header_may_stand_anywhere_in_its_row_in_any_case() {
    assert_eq!(codes("\n \t\n,\n coupon CODE \nA\n"), ["A"]);
    assert_eq!(codes("Note,\"Coupon Code\",Price\nx,A,1\ny,B\n"), ["A", "B"]);
    assert_eq!(codes("\u{feff}Coupon Code\nA\n"), ["A"]);
    for file in [
        "",
        "\n\n",
        "A\nB\n",
        "Coupon Code;Note\nA;x\n",
        "\u{feff}\u{feff}Coupon Code\nA\n",
    ] {
        assert_eq!(failure(file.as_bytes()), LoadFailure::NoHeader, "{file:?}");
    }
    let twice = "Coupon Code,coupon code\nA,B\n";
    assert_eq!(failure(twice.as_bytes()), LoadFailure::TwoHeaders);
    let endless = format!("{},Coupon Code\nA\n", "x".repeat(ROW_BYTES));
    assert_eq!(failure(endless.as_bytes()), LoadFailure::NoHeader);
}

#[test]
fn blank_rows_are_skipped_without_a_word() {
    let (codes, counts) = read(b"Coupon Code,Note\n\n  \n,\n\"\",\" \t\"\n,,,,\n\xc2\xa0\nA,x\n").unwrap();
    assert_eq!((codes.len(), counts.rejected), (1, 0));
}

#[test]
fn quoted_fields_are_taken_out_of_their_quotes() {
    assert_eq!(
        codes("Coupon Code\n\"A,B\"\n\"say \"\"hi\"\"\"\nC\"D\n"),
        ["A,B", "say \"hi\"", "C\"D"]
    );
}

#[test]
fn each_bad_row_is_named_by_the_line_it_begins_on() {
    let bad = "ok,\"two\nlines\"\n,no code\n\n\"a\nb\",\nA,B,C\n\"x\r\ny\r\",\n,last";
    let control = "code contains a control character or line separator".to_owned();
    assert_eq!(
        rejections(bad),
        [
            (3, "code is empty".to_owned()),
            (5, control.clone()),
            (7, "row has more fields than the header".to_owned()),
            (8, control),
            (11, "code is empty".to_owned()),
        ]
    );
}

#[test]
fn lines_are_counted_alike_in_lf_crlf_and_cr_files() {
    for end in ["\n", "\r\n", "\r"] {
        let bad = ["a\0b", "\"c\0d\"", &format!("\"\0{end}\""), "e\0f"].join(end);
        let good = format!("GOOD{end}").repeat(40);
        let file = format!("{end}Coupon Code{end}{good}{end}{end}{bad}");
        let (_, counts) = read(file.as_bytes()).unwrap();
        let lines: Vec<_> = counts.rejections.iter().map(|rejection| rejection.line).collect();
        assert_eq!(lines, [45, 46, 47, 49], "{end:?}");
    }
}

#[test]
fn a_row_is_rejected_beyond_64_kib_and_not_kept() {
    let (long, longest) = ("x".repeat(ROW_BYTES + 1), "x".repeat(ROW_BYTES - 1));
    let too_long = "row is longer than 64 KiB".to_owned();
    let wanted = |line| (line, too_long.clone());
    assert_eq!(rejections(&format!("{long}\n")), [wanted(1)]);
    assert_eq!(
        rejections(&format!("A,{long}\nB,\n{long}")),
        [wanted(1), wanted(3)]
    );
    assert_eq!(
        rejections(&format!("\"{long}\n\",\n,x\n")),
        [wanted(1), (3, "code is empty".to_owned())]
    );
    assert_eq!(rejections(&",".repeat(3 * ROW_BYTES)), [wanted(1)]);
    assert_eq!(
        rejections(&format!(",{longest}\n")),
        [(1, "code is empty".to_owned())]
    );
    assert_eq!(
        rejections(&format!("{longest}x\n")),
        [(1, "code is longer than 255 bytes".to_owned())]
    );
}

#[test]
fn an_open_quote_fails_the_file_however_long_it_is() {
    let file = |open: &str| format!("Coupon Code\nA\n\"{open}");
    for open in ["", "B", "B\nC\n", "B\"\"", &"x\n".repeat(ROW_BYTES)] {
        assert_eq!(failure(file(open).as_bytes()), LoadFailure::UnclosedQuote);
    }
    assert_eq!(codes(&file("B\"")), ["A", "B"]);
}

#[test]
fn more_than_a_tenth_of_bad_rows_fails_the_file() {
    let file = |good, bad: &str| format!("Coupon Code\n{}{}", "A\n".repeat(good), bad);
    let (_, counts) = read(file(9, "a\0\n").as_bytes()).unwrap();
    assert_eq!((counts.accepted, counts.rejected), (9, 1));
    assert_eq!(
        failure(file(8, "a\0\n").as_bytes()),
        LoadFailure::TooManyBadRows { rejected: 1, rows: 9 }
    );
    assert_eq!(failure(file(0, "").as_bytes()), LoadFailure::NoCodes);
    assert_eq!(failure(file(0, "a\0\n").as_bytes()), LoadFailure::NoCodes);
    let latin_1 = b"Coupon Code\nGr\xfcn\nGr\xfc\xdfe\nBlau\n";
    assert_eq!(failure(latin_1), LoadFailure::NotUtf8("Latin-1 or the like"));
}

#[test]
fn a_hundred_rejections_are_named_and_all_are_counted() {
    let (_, counts) =
        read(format!("Coupon Code\n{}{}", "A\n".repeat(5000), "\0\n".repeat(300)).as_bytes()).unwrap();
    assert_eq!((counts.rejected, counts.rejections.len()), (300, 100));
    assert_eq!(counts.rejections[99].line, 5101);
}
