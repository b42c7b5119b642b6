//! Section 9 of the wire contract decides 44 questions: each row is named by a test, in a comment right above it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_row_of_the_contracts_section_9_has_a_test_that_names_it() {
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let mut named = BTreeSet::new();
    for file in sources(Path::new(suite)) {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let rows = rows_in(pair[0]);
            let above_a_test = matches!(pair[1], "#[tokio::test]" | "#[test]");
            assert!(
                rows.is_empty() || above_a_test,
                "{}: no test: {}",
                file.display(),
                pair[0]
            );
            named.extend(rows);
        }
    }
    assert_eq!(named, (1..=44).collect());
}

/// All Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What a line like `/// Rows 1, 2 and 3 of the contract.` names; nothing if it is another line.
fn rows_in(line: &str) -> Vec<u32> {
    let Some(rest) = line.strip_prefix("/// Row") else {
        return Vec::new();
    };
    let rest = rest.strip_prefix('s').unwrap_or(rest).trim_start();
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let rows = rest
        .strip_suffix(" of the contract.")
        .unwrap_or_else(|| panic!("names rows in another form: {line}"));
    let rows = rows.replace(" and ", ", ");
    rows.split(", ").map(|row| row.parse().unwrap()).collect()
}
