//! What a list's page draws; each picture has a sentence and a table beside it.

use std::fmt::Write as _;

use askama::filters::Safe;
use domain::{FileStatus, Forecast};
use jiff::Timestamp;
use storage::{CouponFile, Pace};

use crate::shown;

/// A bar a day.
pub(super) fn hand_outs(days: &[i64]) -> Safe<String> {
    const STEP: usize = 20;
    const HEIGHT: i64 = 120;
    let most = days.iter().copied().max().unwrap_or_default();
    let mut bars = String::new();
    for (place, many) in days.iter().enumerate() {
        let height = (many * HEIGHT / most.max(1)).max(i64::from(*many > 0));
        let (x, y) = (place * STEP + 2, HEIGHT - height);
        // Writing to a text does not fail.
        _ = write!(
            bars,
            r#"<rect x="{x}" y="{y}" width="16" height="{height}" rx="2"/>"#
        );
    }
    let width = days.len() * STEP;
    let most = shown::number(most);
    Safe(format!(
        r#"<div class="chart" aria-hidden="true">{most}<svg viewBox="0 0 {width} {HEIGHT}"><line class="axis" x1="0" x2="{width}" y1="{HEIGHT}" y2="{HEIGHT}"/><g class="bars">{bars}</g></svg></div>"#
    ))
}

/// What was left at each of the instants, and what is expected.
pub(super) struct Line {
    instants: Vec<Timestamp>,
    /// As far as hand-outs and the newest files tell: what was given back or disabled since then is not taken back.
    pub(super) stock: Vec<i64>,
    expires_at: Timestamp,
    forecast: Option<Forecast>,
}

impl Line {
    /// Back from what is left now: what went out since then was there, what was added since then was not.
    pub(super) fn new(
        pace: &Pace,
        instants: &[Timestamp],
        handed_out: &[i64],
        files: &[CouponFile],
        forecast: Option<Forecast>,
    ) -> Self {
        let mut left = pace.available;
        let mut stock = vec![left];
        for (span, out) in instants.windows(2).zip(handed_out).rev() {
            let [from, until] = span else { continue };
            let loaded = files.iter().filter(|file| file.status == FileStatus::Success);
            let added = loaded
                .filter(|file| file.created_at >= *from && file.created_at < *until)
                .map(|file| file.added);
            left = (left + out - added.sum::<i64>()).max(0);
            stock.push(left);
        }
        stock.reverse();
        Self {
            instants: instants.to_vec(),
            stock,
            expires_at: pace.expires_at,
            forecast,
        }
    }
}

/// Pixels of the picture; half of it is past, half to come.
const WIDTH: i64 = 600;
const HEIGHT: i64 = 120;

/// The stock as a line up to now, where it is expected to go as a band, and the expiry as a line down.
pub(super) fn stock(line: &Line) -> Safe<String> {
    let (Some(first), Some(now)) = (line.instants.first(), line.instants.last()) else {
        return Safe(String::new());
    };
    let past = now.as_second() - first.as_second();
    let most = line.stock.iter().copied().max().unwrap_or_default();
    let x = |at: Timestamp| (at.as_second() - first.as_second()) * (WIDTH / 2) / past.max(1);
    let y = |left: i64| {
        let height = i128::from(left) * i128::from(HEIGHT) / i128::from(most.max(1));
        HEIGHT - i64::try_from(height).unwrap_or(HEIGHT)
    };
    let points = line.instants.iter().zip(&line.stock);
    let points: Vec<String> = points
        .map(|(at, left)| format!("{},{}", x(*at), y(*left)))
        .collect();
    let middle = WIDTH / 2;
    let left = line.stock.last().copied().unwrap_or_default();
    let mut drawn = String::new();
    if let Some(forecast) = line.forecast {
        // Beyond the picture's edge it goes on; the picture clips it.
        let [earliest, expected, latest] =
            [forecast.earliest, forecast.expected, forecast.latest].map(|at| x(at).min(100 * WIDTH));
        let from = y(left);
        // Writing to a text does not fail.
        _ = write!(
            drawn,
            r#"<path class="band" d="M{middle},{from} L{earliest},{HEIGHT} L{latest},{HEIGHT} Z"/><line class="expected" x1="{middle}" y1="{from}" x2="{expected}" y2="{HEIGHT}"/>"#
        );
    }
    let expiry = x(line.expires_at);
    if (0..=WIDTH).contains(&expiry) {
        _ = write!(
            drawn,
            r#"<line class="expiry" x1="{expiry}" x2="{expiry}" y1="0" y2="{HEIGHT}"/>"#
        );
    }
    let (most, points) = (shown::number(most), points.join(" "));
    Safe(format!(
        r#"<div class="chart" aria-hidden="true">{most}<svg viewBox="0 0 {WIDTH} {HEIGHT}"><line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/><line class="axis" x1="{middle}" x2="{middle}" y1="0" y2="{HEIGHT}"/>{drawn}<polyline class="stock-line" points="{points}"/></svg><div><span>30 days ago</span><span>now</span><span>in 30 days</span></div></div>"#
    ))
}
