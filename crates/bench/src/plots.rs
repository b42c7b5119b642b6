//! The plots of the page: bars, in SVG that needs neither fonts nor scripts.

use askama::Template;

use crate::{figures, rows::Row};

/// Of the longest bar.
const WIDTH: f64 = 340.0;
const FIRST_Y: u32 = 46;
const STEP: u32 = 30;

#[derive(Template)]
#[template(path = "bars.svg", escape = "html")]
struct Plot<'a> {
    title: &'a str,
    description: String,
    height: u32,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    shown: String,
    class: &'static str,
    width: u32,
    y: u32,
}

/// Those for which something was measured.
pub(crate) fn all(rows: &[Row]) -> askama::Result<Vec<(&'static str, String)>> {
    let load = [
        ("load.file", "couponry"),
        ("load.plain", "COPY, no index"),
        ("load.indexed", "COPY, unique index"),
    ];
    let batch = [
        ("batch.4", "batches, 4 connections"),
        ("batch.stream", "NDJSON, one request"),
        ("batch.copy", "PostgreSQL's COPY, no server"),
    ];
    let single = [1, 64, 256].into_iter().flat_map(|connections| {
        ["couponry", "redis", "skip-locked"].map(|who| {
            (
                format!("single.{who}.{connections}"),
                format!("{who}, {}", figures::connections(connections)),
            )
        })
    });
    let files = (1..=13).map(|number| (format!("full.file.{number}"), format!("file {number}")));
    let plots = [
        (
            "load.svg",
            "7.7 million codes from a 100 MB file: seconds",
            bars(rows, load),
        ),
        (
            "single.svg",
            "Single codes over HTTP: a second",
            bars(rows, single),
        ),
        ("batch.svg", "Many codes at once: a second", bars(rows, batch)),
        (
            "full.svg",
            "100 million codes in one list: seconds for each file",
            bars(rows, files),
        ),
    ];
    plots
        .into_iter()
        .filter(|(_, _, bars)| !bars.is_empty())
        .map(|(name, title, bars)| Ok((name, plot(title, bars)?)))
        .collect()
}

fn bars<K: AsRef<str>, L: Into<String>>(rows: &[Row], of: impl IntoIterator<Item = (K, L)>) -> Vec<Bar> {
    let found: Vec<(&Row, String)> = of
        .into_iter()
        .filter_map(|(key, label)| Some((rows.iter().find(|row| row.key == key.as_ref())?, label.into())))
        .collect();
    let longest = found
        .iter()
        .map(|(row, _)| row.value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let bar = |((row, label), y): ((&Row, String), u32)| Bar {
        class: if is_ours(&row.key) { "ours" } else { "other" },
        label,
        shown: row.shown(),
        width: pixels(row.value / longest * WIDTH),
        y,
    };
    found
        .into_iter()
        .zip((FIRST_Y..).step_by(STEP as usize))
        .map(bar)
        .collect()
}

fn is_ours(key: &str) -> bool {
    !["plain", "indexed", "copy", "redis", "skip-locked"]
        .iter()
        .any(|other| key.contains(other))
}

/// At least one, so that a bar is there.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and WIDTH"
)]
fn pixels(width: f64) -> u32 {
    width.clamp(1.0, WIDTH) as u32
}

fn plot(title: &str, bars: Vec<Bar>) -> askama::Result<String> {
    let said: Vec<String> = bars
        .iter()
        .map(|bar| format!("{}: {}", bar.label, bar.shown))
        .collect();
    let last = bars.last().map_or(FIRST_Y, |bar| bar.y);
    let plot = Plot {
        title,
        description: said.join("; "),
        height: last + STEP + 8,
        bars,
    };
    plot.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Unit;

    /// Every element that is opened is closed, in order; attributes hold no angle brackets here.
    fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, _) = piece.split_once('>').unwrap();
            let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn a_plot_says_what_its_bars_are() {
        let rows = [
            Row::new("load.file", "", Unit::Seconds, &[2.0]),
            Row::new("load.indexed", "", Unit::Seconds, &[40.0]),
        ];
        let plots = all(&rows).unwrap();
        assert_eq!(plots.len(), 1);
        let (name, svg) = &plots[0];
        assert_eq!(*name, "load.svg");
        assert_well_formed(svg);
        assert!(
            svg.contains("<desc id=\"description\">couponry: 2.00 s; COPY, unique index: 40.00 s</desc>")
        );
        assert!(
            svg.contains("class=\"ours\" x=\"260\" y=\"46\" width=\"17\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"other\" x=\"260\" y=\"76\" width=\"340\""),
            "{svg}"
        );
    }

    #[test]
    fn text_cannot_break_out_of_a_plot() {
        let svg = plot("a < b & c", Vec::new()).unwrap();
        assert_well_formed(&svg);
        assert!(!svg.contains("a < b"));
    }
}
