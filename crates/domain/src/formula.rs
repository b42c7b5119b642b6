//! Cells that a spreadsheet would take for a formula: a `'` before them makes them text, and is taken away again for
//! whoever wants the text.

use std::{borrow::Cow, iter};

/// Where a spreadsheet may begin a cell: it parts cells at `;` in many countries, whatever the file's separator is, and at
/// tabs and line breaks where the quotes do not match its own.
const SEPARATORS: [char; 6] = [';', '\t', '\r', '\n', '|', '\0'];

/// The cell with a mark before each formula in it, and another before what looks like a marked one already: so each mark
/// can be told from the text.
pub fn inert(cell: &str) -> Cow<'_, str> {
    let mut formulas = beginnings(cell)
        .filter(|at| begins_a_formula(unmarked(rest(cell, *at))))
        .peekable();
    if formulas.peek().is_none() {
        return Cow::Borrowed(cell);
    }
    let mut text = String::with_capacity(cell.len() + 8);
    let mut done = 0;
    for at in formulas {
        text.push_str(cell.get(done..at).unwrap_or_default());
        text.push('\'');
        done = at;
    }
    text.push_str(rest(cell, done));
    Cow::Owned(text)
}

/// The text that was made [`inert`]. From its end: whether a beginning was marked is told by the text behind it.
pub fn original(cell: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(cell);
    let beginnings: Vec<usize> = beginnings(cell).collect();
    for at in beginnings.into_iter().rev() {
        let rest = rest(&text, at);
        if rest.starts_with('\'') && begins_a_formula(unmarked(rest)) {
            text.to_mut().remove(at);
        }
    }
    text
}

fn beginnings(cell: &str) -> impl Iterator<Item = usize> {
    iter::once(0).chain(cell.match_indices(SEPARATORS).map(|(at, _)| at + 1))
}

fn rest(cell: &str, at: usize) -> &str {
    cell.get(at..).unwrap_or_default()
}

fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\'')
}

/// By the first character that is neither a blank nor a quote: some programs drop those. The full-width signs count as
/// the plain ones in East Asian settings. A leading tab or line break is a formula's disguise by itself.
fn begins_a_formula(text: &str) -> bool {
    let bare = text.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\u{feff}');
    bare.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\r', '\n', '\0'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_without_a_formula_stays_as_it_is() {
        for plain in [
            "a;b",
            "a=b",
            "10 % off; today",
            "a-b+c@d",
            "x;",
            "",
            "'",
            "a;'",
            "'a",
        ] {
            assert_eq!(inert(plain), plain);
            assert_eq!(original(plain), plain);
        }
    }

    #[test]
    fn what_looks_marked_is_marked_once_more() {
        for (text, marked) in [
            ("=1", "'=1"),
            ("'=1", "''=1"),
            ("a;'=1", "a;''=1"),
            ("a;=1;-2", "a;'=1;'-2"),
        ] {
            assert_eq!(inert(text), marked);
            assert_eq!(original(marked), text);
        }
    }

    proptest! {
        #[test]
        fn the_text_comes_back_whatever_it_is(text in "[-a'=;\"\t @\u{ff1d}|]{0,12}") {
            let marked = inert(&text);
            prop_assert_eq!(original(&marked), text.as_str());
        }
    }
}
