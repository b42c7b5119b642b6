//! A body read line by line: NDJSON, of any length, in flat memory.

use std::{collections::VecDeque, time::Duration};

use actix_web::{rt::time::timeout, web};
use futures_util::{Stream, StreamExt as _, stream};

/// The longest line, in bytes.
const LINE_BYTES: usize = 4 * 1024;
/// How long the sender may pause.
const PAUSE: Duration = Duration::from_secs(30);

/// A line as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(Vec<u8>),
    TooLong,
    /// The sender paused for too long, or the connection broke: there is nothing more to come.
    Broken,
}

/// The body's lines, without blank ones.
pub(super) fn lines(payload: web::Payload) -> impl Stream<Item = Line> {
    stream::unfold(
        (payload, Splitter::default(), false),
        |(mut payload, mut splitter, mut ended)| async move {
            loop {
                if let Some(line) = splitter.lines.pop_front() {
                    return Some((line, (payload, splitter, ended)));
                }
                if ended {
                    return None;
                }
                match timeout(PAUSE, payload.next()).await {
                    Ok(Some(Ok(chunk))) => splitter.feed(&chunk),
                    Ok(None) => {
                        splitter.finish();
                        ended = true;
                    }
                    Ok(Some(Err(_))) | Err(_) => {
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
    fn feed(&mut self, chunk: &[u8]) {
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
}
