//! Rows that are left out and told, and files that are no coupon files.

use super::{Case, Fails, LeavesOut, case, check, these};
use crate::app::{FileHost, TestApp, codes, csv};

/// Nine good rows (lines 2 to 10) and this one.
fn nine_and(row: &[u8]) -> Vec<u8> {
    [&csv(&codes("A", 9)), b"\r\n".as_slice(), row].concat()
}

/// Rows 26 and 28 of docs/MIGRATING.md.
#[tokio::test]
async fn one_bad_row_in_ten_is_left_out_and_told() {
    let rows: [(&'static str, Vec<u8>, &'static str); 10] = [
        ("too long", vec![b'x'; 256], "code is longer than 255 bytes"),
        ("not UTF-8", b"\xe4\xf6\xfc".to_vec(), "code is not valid UTF-8"),
        (
            "NUL",
            b"A\0B".to_vec(),
            "code contains a control character or line separator",
        ),
        (
            "escape",
            b"\x1b[31mA".to_vec(),
            "code contains a control character or line separator",
        ),
        (
            "line end in a code",
            b"\"A\nB\"".to_vec(),
            "code contains a control character or line separator",
        ),
        (
            "line separator",
            "A\u{2028}B".into(),
            "code contains a control character or line separator",
        ),
        (
            "too many fields",
            b"A-9,x".to_vec(),
            "row has more fields than the header",
        ),
        (
            "a number of a spreadsheet's",
            b"1.23457E+15".to_vec(),
            "code was turned into a number by a spreadsheet; export the column as text",
        ),
        (
            "a number of a German spreadsheet's",
            b"\"1,23457E+15\"".to_vec(),
            "code was turned into a number by a spreadsheet; export the column as text",
        ),
        ("huge row", vec![b'x'; 70_000], "row is longer than 64 KiB"),
    ];
    let nine = || these(&codes("A", 9));
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(what, row, reason)| case(what, nine_and(&row), LeavesOut(nine(), 0, vec![(11, reason)])))
        .collect();
    let empty_code = [b"Id,Coupon Code\n1,\n".as_slice(), &b"2,X\n".repeat(9)].concat();
    cases.push(case(
        "empty code beside a full field",
        empty_code,
        LeavesOut(these(&["X"]), 8, vec![(2, "code is empty")]),
    ));
    check(cases).await;
}

/// Row 28 of docs/MIGRATING.md.
#[tokio::test]
async fn more_than_one_bad_row_in_ten_fails_the_file() {
    let bad = [csv(&codes("A", 8)).as_slice(), b"\r\nA\0B"].concat();
    check(vec![
        case(
            "one in nine",
            bad,
            Fails("too many bad rows: 1 of 9, more than 10 %"),
        ),
        case(
            "all bad",
            "Coupon Code\nA\0\nB\0\n",
            Fails("too many bad rows: 2 of 2, more than 10 %"),
        ),
        case(
            "numbers in place of codes",
            "Coupon Code\n1.23457E+15\n1.23457E+15\n",
            Fails(
                "codes were turned into numbers like 1.23457E+15 by a spreadsheet; export the column as text",
            ),
        ),
    ])
    .await;
}

/// Rows 26 and 28 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_that_is_no_coupon_file_fails_with_the_reason() {
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}Coupon Code\nA-1\n"
            .encode_utf16()
            .flat_map(order)
            .collect()
    };
    check(vec![
        case("nothing", "", Fails("file is empty")),
        case("only a BOM", "\u{feff}", Fails("file is empty")),
        case("only blank lines", "\n \n\u{a0}\n", Fails("file is empty")),
        case(
            "header twice",
            "Coupon Code,coupon code\nA-1,A-2\n",
            Fails("header names 'Coupon Code' more than once"),
        ),
        case("only the header", "Coupon Code\r\n", Fails("file holds no code")),
        case(
            "only blank rows",
            "Coupon Code\n\n  \n\n",
            Fails("file holds no code"),
        ),
        case(
            "open quote",
            "Coupon Code\nA-1\n\"A-2\nA-3\n",
            Fails("a quote is not closed; it is in the row that begins on line 3"),
        ),
        case(
            "CR alone beside LF",
            "Coupon Code\rA-1\rA-2\nA-3\n",
            Fails("line ends are mixed"),
        ),
        case(
            "UTF-16, little end first",
            utf16(u16::to_le_bytes),
            Fails("file is not UTF-8 but UTF-16"),
        ),
        case(
            "UTF-16, big end first",
            utf16(u16::to_be_bytes),
            Fails("file is not UTF-8 but UTF-16"),
        ),
        case(
            "gzip",
            *b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
            Fails("file is compressed (gzip)"),
        ),
        case(
            "zip",
            *b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0",
            Fails("file is compressed (zip)"),
        ),
    ])
    .await;
}

/// Row 26 of docs/MIGRATING.md.
#[tokio::test]
async fn a_file_without_a_header_is_told_by_what_it_is_or_by_its_first_line() {
    let portal =
        "# Voucher Tickets 1..4 for Roll 7\n# Nr of Roll Bits     16\n#\n\" q7x2mmz4\"\n\" k2pp8fra\"\n";
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>preview</title></head>\n</html>\n";
    let workbook = [
        b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0".as_slice(),
        b"[Content_Types].xml....xl/workbook.xml",
    ]
    .concat();
    check(vec![
        case(
            "a roll of a captive portal",
            portal,
            Fails(
                "header 'Coupon Code' not found: the first line must be 'Coupon Code', or name it among other columns \
                 parted by commas; the first line is '# Voucher Tickets 1..4 for Roll 7'",
            ),
        ),
        case(
            "codes alone",
            "A-1\nA-2\n",
            Fails(
                "header 'Coupon Code' not found: the first line must be 'Coupon Code', or name it among other columns \
                 parted by commas; the first line is 'A-1'",
            ),
        ),
        case(
            "a title above the header",
            "Codes of May\n\nCoupon Code\nA-1\n",
            Fails(
                "header 'Coupon Code' not found in the first line but in line 3; remove the lines before it; \
                 the first line is 'Codes of May'",
            ),
        ),
        case(
            "a page to sign in",
            page,
            Fails("file is a web page (HTML), perhaps one to sign in or a preview; send plain CSV"),
        ),
        case(
            "a workbook",
            workbook,
            Fails("file is an Excel workbook (xlsx); send plain CSV"),
        ),
        case("JSON", "[\"A-1\",\"A-2\"]", Fails("file is JSON; send plain CSV")),
        case(
            "a document",
            "%PDF-1.7\n",
            Fails("file is a PDF document; send plain CSV"),
        ),
        case(
            "a bell",
            "a\u{7}b\n",
            Fails(
                "header 'Coupon Code' not found: the first line must be 'Coupon Code', or name it among other columns \
                 parted by commas; the first line is 'a\\u{7}b'",
            ),
        ),
    ])
    .await;
}

/// Row 28 of docs/MIGRATING.md.
#[tokio::test]
async fn the_first_hundred_bad_rows_are_named_and_all_are_counted() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    // The header is line 1; every twentieth row is bad, the first of them in line 21.
    let rows: Vec<String> = (1..=20_000)
        .map(|n| {
            if n % 20 == 0 {
                format!("bad\u{7}{n}")
            } else {
                format!("A-{n}")
            }
        })
        .collect();
    let file = app.load(&list, &host.serve("/codes.csv", csv(&rows))).await;
    assert_eq!(file["status"], "SUCCESS");
    assert_eq!(file["added_coupons"], 19_000);
    assert_eq!(file["details"]["rejected"], 1000);
    let lines: Vec<u64> = file["details"]["rejections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejection| rejection["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, (1..=100).map(|n| n * 20 + 1).collect::<Vec<_>>());
}
