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

/// The reason as the file's owner reads it.
fn reason(file: &[u8]) -> String {
    let mut rows = Rows::new();
    let mut sink = |_: &str| {};
    let failure = rows
        .feed(file, &mut sink)
        .and_then(|()| rows.finish(&mut sink))
        .unwrap_err();
    let first_line = rows.into_counts().first_line;
    domain::told(failure.to_string(), first_line.as_deref())
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
    assert_eq!(codes("\u{feff}\u{feff}Coupon\u{a0}Code\nA\n"), ["A"]);
    for file in ["", "\n\n", " \u{200b}\n,,\n"] {
        assert_eq!(failure(file.as_bytes()), LoadFailure::Empty, "{file:?}");
    }
    assert_eq!(failure(b"A\nB\n"), LoadFailure::NoHeader);
    let twice = "Coupon Code,coupon code\nA,B\n";
    assert_eq!(failure(twice.as_bytes()), LoadFailure::TwoHeaders);
    let endless = format!("{},Coupon Code\nA\n", "x".repeat(ROW_BYTES));
    assert_eq!(failure(endless.as_bytes()), LoadFailure::NoHeader);
}

#[test]
fn blank_rows_are_skipped_without_a_word() {
    let (codes, counts) =
        read(b"Coupon Code,Note\n\n  \n,\n\"\",\" \t\"\n,,,,\n\xc2\xa0\n\xe2\x80\x8b,\nA,x\n").unwrap();
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
        assert_eq!(failure(file(open).as_bytes()), LoadFailure::UnclosedQuote(3));
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
    assert_eq!(
        failure(file(0, "a\0\n").as_bytes()),
        LoadFailure::TooManyBadRows { rejected: 1, rows: 1 }
    );
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

#[test]
fn other_separators_are_read_where_the_header_shows_them() {
    for file in [
        "\"id\";\"Coupon Code\";\"state\"\n\"1\";\"A\";\"USED\"\n\"2\";\"B,C\";\"\"\n",
        "id\tCoupon Code\tstate\n1\tA\tx\n2\tB,C\n",
        "id|Coupon Code|state\n1|A|x\n2|B,C|\n",
        "Coupon Code;\nA;\nB,C;\n",
        "\n;;\nCoupon Code;Note, long\nA;x\nB,C;y\n",
    ] {
        assert_eq!(codes(file), ["A", "B,C"], "{file:?}");
    }
}

#[test]
fn commas_part_columns_wherever_they_can() {
    for file in [
        "Coupon Code\nA;B\n",
        "Coupon Code,a;Coupon Code\nA;B,x\n",
        "a;b,Coupon Code\nx,A;B\n",
    ] {
        assert_eq!(codes(file), ["A;B"], "{file:?}");
    }
    let ambiguous = "Coupon Code;x|Coupon Code\nA\n";
    assert_eq!(failure(ambiguous.as_bytes()), LoadFailure::NoHeader);
    let twice = "Coupon Code;Coupon Code\nA;B\n";
    assert_eq!(failure(twice.as_bytes()), LoadFailure::TwoHeaders);
}

#[test]
fn empty_fields_beyond_the_header_are_no_reason_to_leave_a_row_out() {
    let file = "Coupon Code,Note\nA,x,,\nB,,\" \",\u{a0}\n";
    let (codes, counts) = read(file.as_bytes()).unwrap();
    assert_eq!((codes.len(), counts.rejected), (2, 0));
    assert_eq!(
        rejections("C,,,x\n"),
        [(1, "row has more fields than the header".to_owned())]
    );
}

#[test]
fn what_cannot_be_seen_round_a_code_goes_and_inside_it_is_counted() {
    let file = "Coupon Code\nA\u{a0}\n\u{200b}B\nC\u{200b}C\nD\u{a0}D\n\u{2764}\u{fe0f}\n";
    let (codes, counts) = read(file.as_bytes()).unwrap();
    assert_eq!(codes, ["A", "B", "C\u{200b}C", "D\u{a0}D", "\u{2764}\u{fe0f}"]);
    assert_eq!(counts.unseen, 2);
}

#[test]
fn codes_that_a_spreadsheet_made_numbers_are_rejected_by_name() {
    let reason = "code was turned into a number by a spreadsheet; export the column as text".to_owned();
    assert_eq!(
        rejections("1.23457E+15,\n\"1,23457E+15\",\n12E5,\n"),
        [(1, reason.clone()), (2, reason)]
    );
    let all = "Coupon Code\n1.23457E+15\n1.23457E+15\n";
    assert_eq!(failure(all.as_bytes()), LoadFailure::SpreadsheetNumbers);
}

const NO_HEADER: &str = "header 'Coupon Code' not found: the first line must be 'Coupon Code', or name it among \
                         other columns parted by commas; the first line is '";

#[test]
fn a_file_without_a_header_is_told_by_its_first_line() {
    let long = format!("{}\u{1f381}\u{1f381}\nA\n", "x".repeat(79));
    let cut = format!("{}\u{1f381}…", "x".repeat(79));
    for (file, line) in [
        ("A-1\nA-2\n", "A-1"),
        ("A-1", "A-1"),
        ("\n \n\u{a0}\n  A-1 \r\nA-2\r\n", "A-1"),
        ("CouponCode\nA\n", "CouponCode"),
        ("Cou\u{ad}pon Code\nA\n", "Cou\\u{ad}pon Code"),
        ("code,price\nA,1\n", "code,price"),
        ("\"id\";\"code\"\n1;2\n", "\"id\";\"code\""),
        ("id\tcode\n1\tA\n", "id\\tcode"),
        ("a\u{1b}[31m\u{202e}b\u{7}\n", "a\\u{1b}[31m\\u{202e}b\\u{7}"),
        (
            "# Voucher Tickets 1..4\n# Bits 16\n\" q7x2mmz4\"\n",
            "# Voucher Tickets 1..4",
        ),
        (
            "INSERT INTO codes VALUES ('A');\n",
            "INSERT INTO codes VALUES ('A');",
        ),
        (&long, &cut),
    ] {
        assert_eq!(reason(file.as_bytes()), format!("{NO_HEADER}{line}'"), "{file:?}");
    }
    assert_eq!(reason(b"Gr\xfcn\nA\n"), format!("{NO_HEADER}Gr\\xfcn'"));
    let endless = format!("{},Coupon Code\nA\n", "x".repeat(ROW_BYTES));
    assert_eq!(
        reason(endless.as_bytes()),
        format!("{NO_HEADER}{}…'", "x".repeat(80))
    );
}

#[test]
fn lines_above_the_header_are_told_and_not_skipped() {
    for (file, line, first) in [
        ("Codes of May\nCoupon Code\nA\n", 2, "Codes of May"),
        ("# made today\n#\n\nid,coupon code\n1,A\n", 4, "# made today"),
        ("Codes;;\n\nid;Coupon Code\n1;A\n", 3, "Codes;;"),
        ("sep=;\nCoupon Code;x\nA;1\n", 2, "sep=;"),
        ("\"a\nb\"\nCoupon Code\nA\n", 3, "\"a"),
    ] {
        let told = format!(
            "header 'Coupon Code' not found in the first line but in line {line}; remove the lines before it; \
             the first line is '{first}'"
        );
        assert_eq!(reason(file.as_bytes()), told, "{file:?}");
    }
}

/// An entry of a zip archive, as far as its name.
fn zip(names: &[&str]) -> Vec<u8> {
    let entry = |name: &&str| {
        let mut entry = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        entry.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        entry.extend(name.bytes());
        entry.extend([0x8d; 40]);
        entry
    };
    names.iter().flat_map(entry).collect()
}

#[test]
fn what_is_no_csv_is_told_by_what_it_is() {
    let ods = "mimetypeapplication/vnd.oasis.opendocument.spreadsheet";
    let odt = "mimetypeapplication/vnd.oasis.opendocument.text";
    let page = "a web page (HTML), perhaps one to sign in or a preview";
    let old =
        "an Excel workbook of the old form (xls), or another Office document that is old or has a password";
    for (file, kind) in [
        (
            zip(&["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]),
            "an Excel workbook (xlsx)",
        ),
        (
            zip(&["docProps/app.xml", "xl/worksheets/sheet1.xml"]),
            "an Excel workbook (xlsx)",
        ),
        (
            zip(&["[Content_Types].xml", "word/document.xml"]),
            "a Word document (docx)",
        ),
        (
            zip(&["[Content_Types].xml", "ppt/presentation.xml"]),
            "a PowerPoint presentation (pptx)",
        ),
        (zip(&["[Content_Types].xml"]), "an Office document"),
        (zip(&[ods]), "a spreadsheet (ods)"),
        (zip(&[odt]), "a document (odt)"),
        (zip(&["Index/Document.iwa"]), "a Numbers or Pages document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0".to_vec(), old),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), "a PDF document"),
        (
            b"{\\rtf1\\ansi Coupon Code\\par A\\par}".to_vec(),
            "an RTF document",
        ),
        (b"%!PS-Adobe-3.0\n".to_vec(), "a PostScript document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(), "a picture (JPEG)"),
        (b"GIF89a\x01\0\x01\0".to_vec(), "a picture (GIF)"),
        (b"II*\0\x08\0\0\0".to_vec(), "a picture (TIFF)"),
        (b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), "a picture (WebP)"),
        (b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(), "a photo or a video"),
        (b"SQLite format 3\0\x10\0".to_vec(), "a SQLite database"),
        (b"\0\x01\0\0Standard ACE DB\0".to_vec(), "an Access database"),
        (b"PGDMP\x01\x0e\0".to_vec(), "a dump of a PostgreSQL database"),
        (b"PAR1\x15\x04\x15\x10".to_vec(), "a Parquet file"),
        (b"Obj\x01\x04\x16avro".to_vec(), "an Avro file"),
        (b"ARROW1\0\0\xff\xff".to_vec(), "an Arrow file"),
        (b"bplist00\xd1\x01".to_vec(), "a property list"),
        (b"\x7fELF\x02\x01\x01\0".to_vec(), "a program"),
        (
            b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n".to_vec(),
            "encrypted (PGP)",
        ),
        (
            b"<!DOCTYPE html>\n<html><body>Sign in</body></html>".to_vec(),
            page,
        ),
        (b"\n <HTML>\n<p class=\"a,\"b\">Coupon Code".to_vec(), page),
        (
            b"<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">".to_vec(),
            page,
        ),
        (
            b"\xef\xbb\xbf<table><tr><td>Coupon Code</td></tr></table>".to_vec(),
            page,
        ),
        (b"<!-- saved -->\r<p>\n<script>1</script>".to_vec(), page),
        (
            b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>".to_vec(),
            "XML",
        ),
        (
            b"<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">"
                .to_vec(),
            "an Excel workbook (XML)",
        ),
        (b"{\"codes\": [\"A\", \"B\"]}".to_vec(), "JSON"),
        (b"{\n  \"Coupon Code\": \"A\"\n}\n".to_vec(), "JSON"),
        (b"[\n{\"Coupon Code\": \"A\"}]".to_vec(), "JSON"),
        (b"[\"A\",\"B\"]".to_vec(), "JSON"),
        (b"\x01\x02codes\0\0\0A-1\n".to_vec(), "no text"),
        (b"A\0\0\n".to_vec(), "no text"),
    ] {
        assert_eq!(
            reason(&file),
            format!("file is {kind}; send plain CSV"),
            "{file:?}"
        );
    }
}

#[test]
fn an_archive_is_told_by_its_form() {
    let tar = [b"codes.csv".as_slice(), &[0; 248], b"ustar\x0000", &[0; 300]].concat();
    for (file, compression) in [
        (zip(&["codes.csv"]), "zip"),
        (b"PK\x05\x06\0\0\0\0".to_vec(), "zip"),
        (b"\x1f\x8b\x08\0".to_vec(), "gzip"),
        (b"\x1f\x9d\x90A".to_vec(), "compress"),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "7z"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "rar"),
        (b"\x04\x22\x4d\x18\x64".to_vec(), "lz4"),
        (tar, "tar"),
    ] {
        let told = format!("file is compressed ({compression}); send plain CSV");
        assert_eq!(reason(&file), told, "{file:?}");
    }
}

#[test]
fn a_coupon_file_is_read_though_it_begins_like_something_else() {
    for file in [
        "<b>Note</b>,Coupon Code\nx,A\n",
        "{\"a\",Coupon Code\nx,A\n",
        "[\"a\"],Coupon Code\nx,A\n",
        "e-giftype,Coupon Code\nx,A\n",
        "PAR1;PAR2;Coupon Code\nx;y;A\n",
        "BZh1;Coupon Code\nx;A\n",
    ] {
        assert_eq!(codes(file), ["A"], "{file:?}");
    }
}
