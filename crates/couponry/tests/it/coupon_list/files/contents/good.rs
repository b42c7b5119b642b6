//! Files as people make them: every usual form is read.

use serde_json::json;

use super::{Case, LeavesOut, Loads, case, check, these};
use crate::app::{FileHost, Page, TestApp, csv, sorted};

/// Row 26 of docs/MIGRATING.md.
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
        case(
            "semicolons",
            "\"id\";\"title\";\"Coupon Code\"\n\"a01\";\"Frühling\";\"A-1\"\n\"a02\";\"x\";\"A-2\"\n",
            two(),
        ),
        case("tabs", "Id\tCoupon Code\n1\tA-1\n2\tA-2\n", two()),
        case("pipes", "Id|Coupon Code\r\n1|A-1\r\n2|A-2\r\n", two()),
        case("commas at the end", "Coupon Code,Note\nA-1,x,,\nA-2,,,,\n", two()),
        case(
            "a no-break space in the header",
            "Coupon\u{a0}Code\nA-1\nA-2\n",
            two(),
        ),
        case(
            "symbols at the start",
            "Coupon Code\n@lead1\n-dash2\n+plus3\n=eq4\nnormal5\n",
            Loads(these(&["@lead1", "-dash2", "+plus3", "=eq4", "normal5"])),
        ),
        case(
            "characters that cannot be seen, at the edges",
            "Coupon Code\nNBSP-1\u{a0}\n\u{a0}NBSP-2\n\u{200b}ZWSP-3\nWJ-4\u{2060}\nLRM-5\u{200e}\nSHY-6\u{ad}\n\
             \u{feff}BOM-7\n\u{202a}BIDI-8\u{202c}\n\u{3000}WIDE-9\u{2003}\nLOVE\u{2764}\u{fe0f}\n",
            Loads(these(&[
                "NBSP-1",
                "NBSP-2",
                "ZWSP-3",
                "WJ-4",
                "LRM-5",
                "SHY-6",
                "BOM-7",
                "BIDI-8",
                "WIDE-9",
                "LOVE\u{2764}\u{fe0f}",
            ])),
        ),
        case(
            "what looks like a number and is none",
            "Coupon Code\n12E5\n1E+15\n",
            Loads(these(&["12E5", "1E+15"])),
        ),
    ])
    .await;
}

/// Row 26 of docs/MIGRATING.md.
#[tokio::test]
async fn what_cannot_be_seen_inside_a_code_stays_and_is_told() {
    let app = TestApp::start().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let odd = ["A\u{a0}1", "A\u{200b}2", "a\u{202e}b"];
    let joined = ["\u{1f468}\u{200d}\u{1f469}", "A 4"];
    let all = [odd.as_slice(), &joined].concat();
    let file = app.load(&list, &host.serve("/odd.csv", csv(&all))).await;
    assert_eq!(file["status"], "SUCCESS", "{file}");
    assert_eq!(
        file["details"]["warnings"],
        json!([
            "3 codes have a character inside that cannot be seen or passes for a blank, such as a no-break space: whoever \
             types the code will not type that"
        ])
    );
    for code in &all {
        let round = format!(" \u{a0}{code}\u{200b}");
        let passport = app.passport(&list, &round).await.expect(200);
        assert_eq!(passport["coupon_code"], *code);
    }
    assert_eq!(sorted(app.take_many(&list, "u", all.len()).await), sorted(all));
}

/// Row 26 of docs/MIGRATING.md.
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

/// Row 27 of docs/MIGRATING.md.
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
