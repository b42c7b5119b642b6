//! Files as people make them: every usual form is read.

use super::{Case, LeavesOut, Loads, case, check, these};
use crate::app::{Page, csv};

/// Row 26 of the contract.
#[tokio::test]
async fn every_usual_form_of_a_file_is_read() {
    let two = || Loads(these(&["A-1", "A-2"]));
    check(vec![
        case("LF", "Coupon Code\nA-1\nA-2\n", two()),
        case("CRLF", "Coupon Code\r\nA-1\r\nA-2\r\n", two()),
        case("CR alone", "Coupon Code\rA-1\rA-2\r", two()),
        case("CRLF and LF in one file", "Coupon Code\r\nA-1\nA-2\r\n", two()),
        case("no final line end", "Coupon Code\nA-1\nA-2", two()),
        case("BOM", "\u{feff}Coupon Code\nA-1\nA-2", two()),
        case("BOM and quotes", "\u{feff}\"Coupon Code\"\nA-1\nA-2", two()),
        case("header in other case", "  coupon CODE\t\nA-1\nA-2", two()),
        case("quoted rows", "\"Coupon Code\"\n\"A-1\"\n\"A-2\"", two()),
        case(
            "other columns",
            "Id,Coupon Code,Note\n1,A-1,x\n2,A-2,\"y, \"\"z\"\"\nagain\"\n",
            two(),
        ),
        case("blank rows", "Coupon Code\n\nA-1\n \t \n\nA-2\n\n\n", two()),
        case("rows of commas", "Id,Coupon Code\n,\n1,A-1\n , \n2,A-2\n", two()),
        case("blanks round codes", "Coupon Code\n \tA-1\t \n  A-2", two()),
    ])
    .await;
}

/// Row 26 of the contract.
#[tokio::test]
async fn codes_are_bytes_and_are_kept_as_they_are() {
    let long = "x".repeat(255);
    let odd = [
        "case",
        "Case",
        "CASE",
        "é",
        "e\u{301}",
        "inner blank",
        "\\.",
        "\\N",
        "\\t",
        "NULL",
        "{a}",
        "'; drop table list; --",
        "=1+1",
        "%s",
        "a\u{202e}b",
        "🎁",
        long.as_str(),
    ];
    check(vec![
        case("odd codes", csv(&odd), Loads(these(&odd))),
        case(
            "quoted codes",
            "Coupon Code\n\"A,1\"\n\"A\"\"2\"\n",
            Loads(these(&["A,1", "A\"2"])),
        ),
    ])
    .await;
}

#[tokio::test]
async fn nothing_depends_on_how_the_bytes_come_together() {
    let bytes = "\u{feff}\"Coupon Code\",Note\r\n\"A\"\"1\",\"ü\r\n\"\r\nÄ-2,\r\n";
    check(vec![Case(
        "byte by byte",
        Page::Dribble(bytes.into()),
        Loads(these(&["A\"1", "Ä-2"])),
    )])
    .await;
}

/// Row 27 of the contract.
#[tokio::test]
async fn a_code_that_is_there_twice_is_added_once_and_told() {
    check(vec![
        case(
            "duplicates",
            "Coupon Code\nA-1\nA-2\nA-1\n A-1\n",
            LeavesOut(these(&["A-1", "A-2"]), 2, vec![]),
        ),
        case(
            "more duplicates than codes",
            csv(&["A-1"; 50]),
            LeavesOut(these(&["A-1"]), 49, vec![]),
        ),
    ])
    .await;
}
