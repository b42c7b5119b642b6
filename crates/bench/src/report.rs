//! What a run leaves: the table, results.json, the plots.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{hardware::Hardware, plots, rows::Row};

const HEADS: [&str; 5] = ["what", "measured", "compared", "target", "met"];
/// Where the tables are, above the directory of the results.
const PAGE: &str = "PERFORMANCE.md";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) size: String,
    pub(crate) hardware: Hardware,
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn read(directory: &Path) -> anyhow::Result<Results> {
    let path = directory.join("results.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

impl Results {
    /// In columns, so that it can be read as it is, too.
    pub(crate) fn markdown(&self) -> String {
        let mut lines: Vec<[String; 5]> = vec![HEADS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let mut widths = [3; 5];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let rule = widths.map(|width| "-".repeat(width));
        lines.insert(1, rule);
        let mut table = String::new();
        for line in &lines {
            for (width, cell) in widths.iter().zip(line) {
                table.push_str("| ");
                table.push_str(cell);
                table.push_str(&" ".repeat(width - cell.chars().count() + 1));
            }
            table.push_str("|\n");
        }
        format!("{}\n\n{table}", self.hardware.sentence())
    }

    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(
            directory.join("results.json"),
            serde_json::to_string_pretty(self)? + "\n",
        )?;
        for (name, plot) in plots::all(&self.rows)? {
            fs::write(directory.join(name), plot)?;
        }
        let pages = directory.ancestors().map(|above| above.join(PAGE));
        for page in pages.filter(|page| page.is_file()) {
            let text = fs::read_to_string(&page)?;
            if let Some(text) = with_table(&text, &self.size, &self.markdown()) {
                fs::write(&page, text)?;
            }
        }
        Ok(())
    }
}

/// The page with another table between the marks of this size, if it has them.
fn with_table(page: &str, size: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {size} -->\n"), format!("<!-- /{size} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{table}{end}{after}"))
}

pub(crate) fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_on_the_page_is_replaced_and_nothing_else() {
        let page = "Before\n<!-- normal -->\nold\n<!-- /normal -->\nAfter\n<!-- full -->\n<!-- /full -->\n";
        let new = with_table(page, "normal", "new\n").unwrap();
        assert_eq!(
            new,
            "Before\n<!-- normal -->\nnew\n<!-- /normal -->\nAfter\n<!-- full -->\n<!-- /full -->\n"
        );
        let new = with_table(page, "full", "more\n").unwrap();
        assert!(new.ends_with("old\n<!-- /normal -->\nAfter\n<!-- full -->\nmore\n<!-- /full -->\n"));
        assert!(with_table("no marks", "normal", "new").is_none());
    }

    #[test]
    fn the_table_has_a_line_for_each_row() {
        let rows = vec![Row::new("k", "loading", crate::figures::Unit::Seconds, &[1.5])];
        let hardware = serde_json::json!({"cores": 2, "cpu": "c", "memory": "m", "kernel": "k", "postgresql": "15",
            "commit": "abc", "day": "2026-01-01"});
        let results = Results {
            size: "normal".to_owned(),
            hardware: serde_json::from_value(hardware).unwrap(),
            rows,
        };
        let table = results.markdown();
        assert!(table.contains("| loading | 1.50 s   |"), "{table}");
        assert!(table.starts_with("2026-01-01, commit abc: 2 cores"), "{table}");
    }
}
