//! A request before it is bytes, and the ways to say how long its body is.

use rand::{RngExt as _, rngs::StdRng};

use super::pick;

/// A request before it is bytes.
pub(super) struct Draft {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: &'static str,
    pub(super) heads: Vec<Vec<u8>>,
    pub(super) body: Vec<u8>,
}

impl Draft {
    pub(super) fn nothing() -> Self {
        Self {
            method: "GET".to_owned(),
            target: "/".to_owned(),
            version: "HTTP/1.1",
            heads: Vec::new(),
            body: Vec::new(),
        }
    }

    fn head(&self, last: &str) -> Vec<u8> {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for line in &self.heads {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(last.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    pub(super) fn with_length(&self) -> Vec<u8> {
        let length = if self.body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", self.body.len())
        };
        [self.head(&length), self.body.clone()].concat()
    }

    pub(super) fn in_chunks(&self, chance: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.head("Transfer-Encoding: chunked\r\n");
        let size = chance.random_range(1..=self.body.len());
        for chunk in self.body.chunks(size.max(self.body.len() / 20)) {
            let length = chunk.len();
            let line = match chance.random_range(0..20) {
                0 => format!("{length:x};a=\"b\r\n"),
                1 => format!("{length:016X}\r\n"),
                2 => format!("{length:x}\n"),
                3 => format!("0x{length:x}\r\n"),
                4 => format!("{:x}\r\n", length + 1),
                5 => "ffffffffffffffff\r\n".to_owned(),
                _ => format!("{length:x}\r\n"),
            };
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        let ends: [&[u8]; 5] = [
            b"0\r\n\r\n",
            b"0\r\n\r\n",
            b"0\r\n\r\n",
            b"0\r\nContent-Length: 7\r\n\r\n",
            b"00\r\n",
        ];
        bytes.extend_from_slice(pick(&ends, chance).copied().unwrap_or_default());
        bytes
    }
}
