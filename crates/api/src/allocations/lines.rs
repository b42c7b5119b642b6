//! A body read line by line: NDJSON, of any length, in flat memory.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::timeout_at;

/// The longest line, in bytes.
const LINE_BYTES: usize = 4 * 1024;

/// A line as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(Vec<u8>),
    TooLong,
    /// The sender brought no line for too long, all of them took too long, or the connection broke: there is nothing more to
    /// come.
    Broken,
}

/// The body's lines, without blank ones. Each has to come within `pause` of when it was first waited for, however much
/// that is no line comes meanwhile: bytes that keep a request open and ask for nothing would cost their sender nothing. All
/// have to come within `most_time`.
pub(super) fn lines<E>(
    body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    pause: Duration,
    most_time: Duration,
) -> impl Stream<Item = Line> {
    let end = Instant::now() + most_time;
    stream::unfold(
        (body, Splitter::default(), false),
        move |(mut body, mut splitter, mut ended)| async move {
            let deadline = end.min(Instant::now() + pause);
            loop {
                if let Some(line) = splitter.lines.pop_front() {
                    return Some((line, (body, splitter, ended)));
                }
                if ended {
                    return None;
                }
                match timeout_at(deadline.into(), body.next()).await {
                    Ok(Some(Ok(chunk)))
                        if Instant::now() < end && (splitter.feed(&chunk) || Instant::now() < deadline) => {}
                    Ok(None) => {
                        splitter.finish();
                        ended = true;
                    }
                    Ok(Some(_)) | Err(_) => {
                        splitter.lines.push_back(Line::Broken);
                        ended = true;
                    }
                }
            }
        },
    )
}

#[derive(Default)]
struct Splitter {
    rest: Vec<u8>,
    /// The line that is being read has outgrown its limit: what is left of it is read over.
    is_too_long: bool,
    lines: VecDeque<Line>,
}

impl Splitter {
    /// Whether a line has come.
    fn feed(&mut self, chunk: &[u8]) -> bool {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            if self.rest.len() + text.len() > LINE_BYTES {
                self.is_too_long = true;
                self.rest.clear();
            } else if !self.is_too_long {
                self.rest.extend_from_slice(text);
            }
            if ends {
                self.finish();
            }
        }
        !self.lines.is_empty()
    }

    fn finish(&mut self) {
        let text = std::mem::take(&mut self.rest);
        if std::mem::take(&mut self.is_too_long) {
            self.lines.push_back(Line::TooLong);
        } else if !text.trim_ascii().is_empty() {
            self.lines.push_back(Line::Text(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &[u8], size: usize) -> Vec<Line> {
        let mut splitter = Splitter::default();
        for chunk in text.chunks(size) {
            splitter.feed(chunk);
        }
        splitter.finish();
        splitter.lines.into()
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        let long = [b"x".repeat(LINE_BYTES + 1), b"\n".to_vec()].concat();
        let whole = [b"{\"a\":1}\r\n\n  \n".as_slice(), &long, b"{\"b\":2}"].concat();
        for size in [1, 7, 4096, 100_000] {
            let lines = split(&whole, size);
            let text = |text: &str| Line::Text(text.as_bytes().to_vec());
            assert_eq!(
                lines,
                [text("{\"a\":1}\r"), Line::TooLong, text("{\"b\":2}")],
                "{size}"
            );
        }
    }

    #[test]
    fn the_longest_line_is_taken() {
        let longest = b"x".repeat(LINE_BYTES);
        assert_eq!(split(&longest, 100), [Line::Text(longest.clone())]);
    }

    #[tokio::test]
    async fn blank_lines_and_half_a_line_do_not_keep_a_request_open() {
        for piece in ["\n", " ", "x"] {
            let first = [Ok::<_, ()>(Bytes::from_static(b"{}\n"))];
            let dripping = stream::repeat_with(|| Ok(Bytes::from(piece)));
            let body = stream::iter(first).chain(dripping);
            let lines = lines(body, Duration::from_millis(20), Duration::from_hours(1));
            let lines = lines.collect::<Vec<_>>().await;
            assert_eq!(lines, [Line::Text(b"{}".to_vec()), Line::Broken], "{piece:?}");
        }
    }

    #[tokio::test]
    async fn lines_without_end_end() {
        let body = stream::repeat_with(|| Ok::<_, ()>(Bytes::from_static(b"{}\n")));
        let lines = lines(body, Duration::from_hours(1), Duration::from_millis(20));
        let lines = lines.collect::<Vec<_>>().await;
        assert_eq!(lines.last(), Some(&Line::Broken));
        assert!(lines.len() > 1);
    }
}
