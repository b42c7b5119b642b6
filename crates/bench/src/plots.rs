//! The plots of the results: bars, in SVG that needs neither fonts nor scripts.

use askama::Template;

use crate::rows::Row;

/// How the keys of a plot's rows begin, and its title.
const PLOTS: [(&str, &str); 4] = [
    ("load", "7.7 million codes from a 100 MB file: seconds"),
    ("single", "Single codes over HTTP: a second"),
    ("batch", "Many codes at once: a second"),
    ("full", "100 million codes in one list: seconds for each file"),
];

#[derive(Template)]
#[template(path = "bars.svg", escape = "html")]
struct Plot<'a> {
    title: &'a str,
    bars: Vec<&'a Row>,
}

impl Plot<'_> {
    /// Of 340 pixels; at least one, so that a bar is there.
    fn width(&self, row: &Row) -> f64 {
        let values = self.bars.iter().map(|row| row.value);
        let longest = values.fold(f64::MIN_POSITIVE, f64::max);
        (row.value / longest * 340.0).floor().max(1.0)
    }
}

/// Those for which something was measured, with the names of their files.
pub(crate) fn all(rows: &[Row]) -> askama::Result<Vec<(String, String)>> {
    let mut plots = Vec::new();
    for (name, title) in PLOTS {
        let rows = rows.iter().filter(|row| row.promise.key.starts_with(name));
        let bars: Vec<&Row> = rows.filter(|row| !row.promise.bar.is_empty()).collect();
        if !bars.is_empty() {
            plots.push((format!("{name}.svg"), Plot { title, bars }.render()?));
        }
    }
    Ok(plots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;

    #[test]
    fn a_plot_says_what_its_bars_are() {
        let mut rows = Rows::new().unwrap();
        rows.add("batch.4", 1_000.0, &[]).unwrap();
        rows.add("batch.copy", 20_000.0, &[]).unwrap();
        let (name, svg) = all(&rows.complete()).unwrap().remove(0);
        assert_eq!(name, "batch.svg");
        for part in [
            "connections: 1,000 codes/s; COPY of as many rows into the ledger: 20,000 rows/s</desc>",
            "class=\"ours\" x=\"360\" y=\"46\" width=\"17\"",
            "class=\"other\" x=\"360\" y=\"76\" width=\"340\"",
        ] {
            assert!(svg.contains(part), "{svg}");
        }
    }
}
