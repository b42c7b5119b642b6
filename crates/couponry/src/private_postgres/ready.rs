//! Whether PostgreSQL takes a session yet: while it recovers it accepts connections and refuses them.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

/// Length, protocol 3.0, and who wants which database.
const HELLO: &[u8] = b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0";
const GOODBYE: &[u8] = b"X\0\0\0\x04";
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn is_ready(socket: &Path) -> bool {
    matches!(timeout(PATIENCE, greet(socket)).await, Ok(Ok(b'R')))
}

/// The type of the first answer: `R` asks for no password, `E` says why there is no session.
async fn greet(socket: &Path) -> io::Result<u8> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(HELLO).await?;
    let answer = stream.read_u8().await?;
    stream.write_all(GOODBYE).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_says_its_own_length() {
        assert_eq!(usize::from(HELLO[3]), HELLO.len());
    }

    #[tokio::test]
    async fn no_socket_is_not_ready() {
        assert!(!is_ready(Path::new("/does/not/exist")).await);
    }
}
